//! One walk: the same steps in the service and in the model, compared after each.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write as _};
use std::time::Duration;

use crate::call::{Call, LoginName, SessionNumber};
use crate::client::Client;
use crate::model::Model;
use crate::people::{Choice, Person, Spelling};
use crate::service::Service;
use crate::step::{Deed, Step};
use crate::store::StoreKind;

/// Where the service does not do what the model says, and how it came to that.
pub(crate) type Discrepancy = String;

/// Walks these steps on a fresh store, and says how many calls that took.
pub(crate) async fn walk(kind: StoreKind, steps: &[Step]) -> Result<usize, Discrepancy> {
    let (email, password) = (Person::Root.email(Spelling::Plain), Choice::Horse.text());
    let service = Service::start(kind.open().await, &email, password).await;
    let mut walk = Walk {
        client: Client::new(service),
        model: Model::with_administrator(&email, password),
        watched: Vec::new(),
        calls: 0,
        story: String::new(),
    };
    let outcome = walk.take_all(steps).await;
    let Walk { client, calls, story, .. } = walk;
    client.service.stop().await;
    outcome.map(|()| calls).map_err(|difference| format!("{story}\n{difference}"))
}

struct Walk {
    client: Client,
    model: Model,
    /// The sessions that could be used after the last step.
    watched: Vec<SessionNumber>,
    calls: usize,
    /// What happened so far.
    story: String,
}

impl Walk {
    async fn take_all(&mut self, steps: &[Step]) -> Result<(), Discrepancy> {
        for step in steps {
            self.take(step).await?;
        }
        self.look_around().await
    }

    async fn take(&mut self, step: &Step) -> Result<(), Discrepancy> {
        if let Some(call) = step.preparation(&self.model) {
            self.make(&call).await?;
        }
        match step.deed(&self.model) {
            Deed::Calls(calls) => {
                for call in &calls {
                    self.make(call).await?;
                }
            }
            Deed::Wait(duration) => self.wait(duration),
            Deed::Sweep => {
                self.tell(format_args!("sweep"));
                self.client.service.sweep().await;
                self.model.sweep();
            }
        }
        let watched = self.watched.clone();
        self.watched = self.model.sessions_with_access();
        self.look_at(watched.iter().chain(&self.watched)).await
    }

    async fn look_at(&self, sessions: impl Iterator<Item = &SessionNumber>) -> Result<(), Discrepancy> {
        for session in sessions.collect::<BTreeSet<_>>() {
            let what = format!("GET /me with session {session}");
            same(&what, &self.client.me(*session).await, &self.model.me(*session))?;
        }
        Ok(())
    }

    fn wait(&mut self, duration: Duration) {
        self.tell(format_args!("wait {duration:?}"));
        self.client.service.clock.advance(duration);
        self.model.advance(duration.as_secs());
    }

    async fn make(&mut self, call: &Call) -> Result<(), Discrepancy> {
        let answer = self.client.make(call).await;
        let code = answer.code.as_deref().unwrap_or_default();
        self.tell(format_args!("{call:?} -> {} {code}", answer.status));
        self.calls += 1;
        same("the answer", &answer, &self.model.apply(call))
    }

    /// In the end: whoever can sign in does, the lists are right, and sessions go on or they do not.
    async fn look_around(&mut self) -> Result<(), Discrepancy> {
        const LOCKOUT: Duration = Duration::from_mins(15);
        self.wait(LOCKOUT);
        for (email, password) in self.model.credentials() {
            self.make(&Call::SignIn { name: LoginName::Email(email), password }).await?;
        }
        for session in self.model.sessions_with_access() {
            let listed = self.client.listed_with(session).await;
            same("the list of sessions", &listed, &self.model.listed_with(session))?;
        }
        if let Some(administrator) = self.model.administrator_with_access() {
            let mut shown = self.client.profiles(administrator).await;
            shown.sort();
            same("the list of accounts", &shown, &self.model.profiles())?;
        }
        let sessions: Vec<_> = (0..self.model.session_count()).collect();
        self.look_at(sessions.iter()).await?;
        for session in sessions {
            self.make(&Call::Refresh { token: Some(self.model.newest_refresh_token(session)) }).await?;
        }
        Ok(())
    }

    fn tell(&mut self, what: std::fmt::Arguments<'_>) {
        writeln!(self.story, "{what}").expect("a string takes everything");
    }
}

fn same<T: Debug + PartialEq>(what: &str, service: &T, model: &T) -> Result<(), Discrepancy> {
    if service == model {
        return Ok(());
    }
    Err(format!("{what}\n  of the service: {service:?}\n  by the model:   {model:?}"))
}
