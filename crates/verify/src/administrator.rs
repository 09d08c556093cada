use std::sync::{Arc, PoisonError, RwLock};

use reqwest::Method;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::api::{LOGIN, LOGOUT, ME};
use crate::run::SetupError;
use crate::service::{Service, ServiceError};

/// How an administrator signs in.
pub enum Credentials {
    /// With an access token. It has to live as long as the examination takes.
    Token(Zeroizing<String>),
    /// With a password. The session is ended afterwards.
    Password {
        /// The e-mail address.
        email: String,
        /// The password.
        password: Zeroizing<String>,
    },
}

/// The administrator who makes accounts and erases them.
pub(crate) struct Administrator {
    service: Arc<Service>,
    credentials: Credentials,
    access_token: RwLock<Zeroizing<String>>,
    pub(crate) id: String,
}

impl Administrator {
    pub(crate) async fn sign_in(service: Arc<Service>, credentials: Credentials) -> Result<Self, SetupError> {
        let access_token = obtain_token(&service, &credentials).await?;
        let me = service.get_as(&access_token, ME).await?;
        if me.status != 200 {
            return Err(SetupError::NotSignedIn(me.instead_of("200")));
        }
        let user = me.body();
        if !user["roles"].as_array().is_some_and(|roles| roles.contains(&json!("admin"))) {
            return Err(SetupError::NoAdministrator);
        }
        let id = user["id"].as_str().unwrap_or_default().to_owned();
        Ok(Self { service, credentials, access_token: RwLock::new(access_token), id })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, ServiceError> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Answer, ServiceError> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Result<Answer, ServiceError> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Answer, ServiceError> {
        self.call(Method::DELETE, path, None).await
    }

    /// The request of a call, for who sends many at once.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let token = self.access_token.read().unwrap_or_else(PoisonError::into_inner);
        self.service.request(method, path).bearer_auth(token.as_str())
    }

    /// Calls, and once more after signing in again if the token has expired and there is a password.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer, ServiceError> {
        let send = || {
            let request = self.request(method.clone(), path);
            self.service.send(match &body {
                Some(body) => request.json(body),
                None => request,
            })
        };
        let answer = send().await?;
        if answer.status == 401
            && matches!(self.credentials, Credentials::Password { .. })
            && let Ok(token) = obtain_token(&self.service, &self.credentials).await
        {
            *self.access_token.write().unwrap_or_else(PoisonError::into_inner) = token;
            return send().await;
        }
        Ok(answer)
    }

    /// Ends the session if it was begun here. There is nobody to tell when it cannot be.
    pub(crate) async fn sign_out(&self) {
        if let Credentials::Password { .. } = self.credentials {
            self.service.exchange(self.request(Method::POST, LOGOUT)).await.ok();
        }
    }
}

async fn obtain_token(service: &Service, credentials: &Credentials) -> Result<Zeroizing<String>, SetupError> {
    match credentials {
        Credentials::Token(token) => Ok(token.clone()),
        Credentials::Password { email, password } => {
            let answer =
                service.post(LOGIN, json!({ "email": email, "password": password.as_str() })).await?;
            let token = answer.body()["access_token"].as_str().map(str::to_owned).map(Zeroizing::new);
            token.ok_or_else(|| SetupError::NotSignedIn(answer.instead_of("200 with an access token")))
        }
    }
}
