//! What happens when something breaks: acknowledged is stored, and nothing worse than 503 is answered.

mod interrupted_copy;
mod kills;
mod lost_mail_server;
mod lost_redis;
mod shutdown;
