//! The pages in a real browser: headless Chromium, driven through WebDriver.

mod accessibility;
mod chromium;
mod console;
mod journey;
mod tables;
