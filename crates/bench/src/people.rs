//! The people who use the service, and what they ask of it.

use std::net::SocketAddr;

use anyhow::ensure;
use serde::Deserialize;
use serde_json::json;

use crate::driver::{Caller, Repeats, UnexpectedAnswer};
use crate::http_client::{Answer, Connection, get, post};

/// Logins under way for each hashing thread: one is hashed, and one is in the queue or on its way.
pub(crate) const LOGINS_A_THREAD: usize = 2;

/// Somebody with an account and a session.
pub(crate) struct Person {
    email: String,
    tokens: Tokens,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
}

impl Person {
    pub(crate) const PASSWORD: &str = "a password of usual length";

    /// Registers so many people, who are signed in thereby.
    pub(crate) async fn register(address: SocketAddr, count: usize) -> anyhow::Result<Vec<Self>> {
        let mut connection = Connection::open(address).await?;
        let mut people = Vec::new();
        for number in 0..count {
            let email = format!("user{number:04}@example.com");
            let answer = connection.exchange(&registration(&email)).await?;
            let tokens = tokens(answer, 201)?;
            people.push(Self { email, tokens });
        }
        Ok(people)
    }

    /// Spends a refresh token of the person with this address, who is signed in thereby.
    pub(crate) async fn come_back(
        connection: &mut Connection,
        email: &str,
        refresh_token: &str,
    ) -> anyhow::Result<Self> {
        let answer = connection.exchange(&Refreshing::request_with(refresh_token)).await?;
        Ok(Self { email: email.to_owned(), tokens: tokens(answer, 200)? })
    }

    /// Signs in as the person with this address.
    pub(crate) async fn sign_in(connection: &mut Connection, email: &str) -> anyhow::Result<Self> {
        let answer = connection.exchange(SigningIn::of(email).request()).await?;
        Ok(Self { email: email.to_owned(), tokens: tokens(answer, 200)? })
    }

    pub(crate) fn email(&self) -> &str {
        &self.email
    }

    /// This person, who looks at a page of a list again and again.
    pub(crate) fn lists(&self, path: &str) -> Listing {
        Listing { request: get(path, Some(&self.tokens.access_token)) }
    }

    /// This person, who looks at their profile again and again.
    pub(crate) async fn reads_profile(&self, address: SocketAddr) -> anyhow::Result<Repeats> {
        let mut connection = Connection::open(address).await?;
        let request = get("/api/v1/auth/me", Some(&self.tokens.access_token));
        let reading = Repeats::learn(&mut connection, request).await?;
        let expected = String::from_utf8_lossy(reading.expected());
        ensure!(expected.contains(&self.email), "the profile of {} is {expected}", self.email);
        Ok(reading)
    }

    /// This person, who refreshes their session again and again. Nobody else may refresh it meanwhile.
    pub(crate) fn refreshes(&self) -> Refreshing {
        Refreshing { request: Refreshing::request_with(&self.tokens.refresh_token) }
    }

    /// This person, who signs in again and again.
    pub(crate) fn signs_in(&self) -> SigningIn {
        SigningIn::of(&self.email)
    }
}

fn registration(email: &str) -> Vec<u8> {
    let body = json!({ "email": email, "password": Person::PASSWORD, "name": "Ada Lovelace" });
    post("/api/v1/auth/register", &body)
}

/// The tokens in an answer that has this status.
fn tokens(answer: Answer<'_>, status: u16) -> Result<Tokens, UnexpectedAnswer> {
    if answer.status != status {
        return Err(answer.into());
    }
    serde_json::from_slice(answer.body).map_err(|_| answer.into())
}

/// Spends a refresh token, and then the one that was given for it.
pub(crate) struct Refreshing {
    request: Vec<u8>,
}

impl Refreshing {
    fn request_with(refresh_token: &str) -> Vec<u8> {
        post("/api/v1/auth/refresh", &json!({ "refresh_token": refresh_token }))
    }
}

impl Caller for Refreshing {
    fn request(&self) -> &[u8] {
        &self.request
    }

    fn take(&mut self, answer: Answer<'_>) -> Result<(), UnexpectedAnswer> {
        self.request = Self::request_with(&tokens(answer, 200)?.refresh_token);
        Ok(())
    }
}

/// Signs in with e-mail address and password.
pub(crate) struct SigningIn {
    request: Vec<u8>,
}

impl SigningIn {
    /// The person with this address.
    pub(crate) fn of(email: &str) -> Self {
        let body = json!({ "email": email, "password": Person::PASSWORD });
        Self { request: post("/api/v1/auth/login", &body) }
    }
}

impl Caller for SigningIn {
    fn request(&self) -> &[u8] {
        &self.request
    }

    fn take(&mut self, answer: Answer<'_>) -> Result<(), UnexpectedAnswer> {
        tokens(answer, 200).map(drop)
    }
}

/// Looks at a page of users on which there is at least one.
pub(crate) struct Listing {
    request: Vec<u8>,
}

impl Caller for Listing {
    fn request(&self) -> &[u8] {
        &self.request
    }

    fn take(&mut self, answer: Answer<'_>) -> Result<(), UnexpectedAnswer> {
        let begins_with_a_user = answer.body.starts_with(br#"{"items":[{"#);
        if answer.status == 200 && begins_with_a_user { Ok(()) } else { Err(answer.into()) }
    }
}

/// Registers one person after the other.
pub(crate) struct Registering {
    family: String,
    number: u32,
    request: Vec<u8>,
}

impl Registering {
    /// People whose addresses begin with `family`, which nobody else's may.
    pub(crate) fn of(family: String) -> Self {
        Self { request: Self::request_of(&family, 0), family, number: 0 }
    }

    fn request_of(family: &str, number: u32) -> Vec<u8> {
        registration(&format!("{family}.{number}@example.com"))
    }
}

impl Caller for Registering {
    fn request(&self) -> &[u8] {
        &self.request
    }

    fn take(&mut self, answer: Answer<'_>) -> Result<(), UnexpectedAnswer> {
        tokens(answer, 201)?;
        self.number += 1;
        self.request = Self::request_of(&self.family, self.number);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refresh_spends_the_token_that_the_last_one_gave() {
        let person = Person {
            email: "ada@example.com".to_owned(),
            tokens: Tokens { access_token: "a".to_owned(), refresh_token: "first".to_owned() },
        };
        let mut refreshing = person.refreshes();
        assert!(refreshing.request().ends_with(br#"{"refresh_token":"first"}"#));
        let body = br#"{"access_token":"b","refresh_token":"second"}"#;
        refreshing.take(Answer { status: 200, body }).unwrap();
        assert!(refreshing.request().ends_with(br#"{"refresh_token":"second"}"#));
    }

    #[test]
    fn each_registration_is_of_somebody_else() {
        let mut registering = Registering::of("newcomer".to_owned());
        let first = registering.request().to_vec();
        let body = br#"{"access_token":"b","refresh_token":"c"}"#;
        registering.take(Answer { status: 201, body }).unwrap();
        assert_ne!(registering.request(), first);
        assert!(registering.take(Answer { status: 200, body }).is_err());
    }

    #[test]
    fn a_page_without_users_is_unexpected() {
        let mut listing = Listing { request: Vec::new() };
        listing.take(Answer { status: 200, body: br#"{"items":[{"id":""}],"next_cursor":null}"# }).unwrap();
        let nobody = br#"{"items":[],"next_cursor":null}"#;
        assert!(listing.take(Answer { status: 200, body: nobody }).is_err());
    }

    #[test]
    fn an_answer_without_tokens_is_unexpected() {
        let body = br#"{"code":"overloaded"}"#;
        for status in [200, 503] {
            assert!(tokens(Answer { status, body }, 200).is_err());
        }
    }
}
