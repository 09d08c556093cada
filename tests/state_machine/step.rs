//! What people do, drawn at random: in words that keep their meaning when steps before them are left out.

use std::time::Duration;

use proptest::prelude::*;

use crate::call::{AccountNumber, Call, Caller, Code, LoginName, MailName, MailNumber, RefreshToken, Task};
use crate::model::{ABSOLUTE, IDLE, Model};
use crate::people::{Choice, Nickname, Person, Spelling};

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Register { who: Person, spelling: Spelling, nickname: Option<Nickname>, password: Choice },
    ResendVerification { who: Person, spelling: Spelling },
    FollowVerificationLink { who: Person, mail: Age },
    TypeCode { who: Person, mail: Age },
    GuessCodes { who: Person, times: usize },
    SignIn { who: Person, spelling: Spelling, password: Guess },
    SignInByUsername { nickname: Nickname, spelling: Spelling, password: Guess },
    GuessPasswords { who: Person, times: usize },
    Refresh { device: Device, token: Age },
    Logout { device: Device, of: Option<Device> },
    LogoutAll { device: Device },
    EndSession { device: Device, other: Device },
    ChangePassword { device: Device, current: Guess, new: Choice },
    ForgetPassword { who: Person, spelling: Spelling },
    ResetPassword { who: Person, mail: Age, new: Choice },
    AcceptInvitation { who: Person, new: Choice },
    AskForAddress { device: Device, of: Person, spelling: Spelling, password: Guess },
    ConfirmAddress { of: Person, mail: Age },
    SetUsername { device: Device, nickname: Option<Nickname>, spelling: Spelling },
    DeleteMe { device: Device, password: Guess },
    Administer { device: Device, duty: Duty },
    Wait(Duration),
    Sweep,
}

/// How somebody's password is given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Guess {
    Right,
    /// As another that people have, and that may have been the right one before.
    Other,
}

/// Which of several secrets: how many newer ones there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Age(usize);

/// A device on which somebody signed in. Its owner signs in again, or refreshes, when they have to: at the newest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Device {
    NewestOf(Person),
    /// Another one that is signed in, or else one that no longer is.
    OtherOf(Person),
}

/// What administrators do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Duty {
    Create { whom: Person, spelling: Spelling, password: Option<Choice>, email_verified: bool },
    Disable(Person),
    Enable(Person),
    MoveTo { whom: Person, address: Person, spelling: Spelling },
    Verify(Person),
    Unlock(Person),
    Delete(Person),
    RevokeSessions(Person),
    GrantAdmin(Person),
    RevokeAdmin(Person),
}

/// A step in a model that has come so far.
pub(crate) enum Deed {
    Calls(Vec<Call>),
    Wait(Duration),
    Sweep,
}

impl Step {
    /// What has to be done first for the step to be about anything.
    pub(crate) fn preparation(&self, model: &Model) -> Option<Call> {
        match self {
            Self::Logout { device, .. }
            | Self::LogoutAll { device }
            | Self::EndSession { device, .. }
            | Self::ChangePassword { device, .. }
            | Self::AskForAddress { device, .. }
            | Self::SetUsername { device, .. }
            | Self::DeleteMe { device, .. }
            | Self::Administer { device, .. } => device.preparation(model),
            _ => None,
        }
    }

    pub(crate) fn deed(&self, model: &Model) -> Deed {
        let call = match *self {
            Self::Wait(duration) => return Deed::Wait(duration),
            Self::Sweep => return Deed::Sweep,
            Self::GuessPasswords { who, times } => {
                let call = sign_in(who, Spelling::Plain, Guess::Other, model);
                return Deed::Calls(vec![call; times]);
            }
            Self::GuessCodes { who, times } => {
                let call = Call::VerifyByCode { email: who.email(Spelling::Plain), code: Code::Wrong };
                return Deed::Calls(vec![call; times]);
            }
            Self::Register { who, spelling, nickname, password } => Call::Register {
                email: who.email(spelling),
                username: nickname.map(|nickname| nickname.spelt(spelling)),
                password: password.text(),
            },
            Self::ResendVerification { who, spelling } => {
                Call::ResendVerification { email: who.email(spelling) }
            }
            Self::FollowVerificationLink { who, mail } => {
                Call::VerifyByLink { mail: mail.of(MailName::VerifyEmail, who, model) }
            }
            Self::TypeCode { who, mail } => {
                let mailed = mail.of(MailName::VerifyEmail, who, model);
                let code = mailed.map_or(Code::Wrong, Code::Mailed);
                Call::VerifyByCode { email: who.email(Spelling::Plain), code }
            }
            Self::SignIn { who, spelling, password } => sign_in(who, spelling, password, model),
            Self::SignInByUsername { nickname, spelling, password } => {
                let username = nickname.spelt(spelling);
                let password = password.text(model.with_username(&username), model);
                Call::SignIn { name: LoginName::Username(username), password }
            }
            Self::Refresh { device, token } => {
                let newest = device.session(model).map(|session| model.newest_refresh_token(session));
                Call::Refresh { token: newest.and_then(|newest| token.before(newest)) }
            }
            Self::Logout { device, of } => {
                let of = of.and_then(|of| of.session(model));
                let of = of.map(|session| model.newest_refresh_token(session));
                Call::Logout { by: device.session(model), of }
            }
            Self::LogoutAll { device } => Call::LogoutAll { by: device.session(model) },
            Self::EndSession { device, other } => {
                let by = device.session(model);
                match other.session(model).or(by) {
                    Some(session) => Call::EndSession { by, session },
                    None => Call::LogoutAll { by },
                }
            }
            Self::ChangePassword { device, current, new } => {
                let by = device.session(model);
                Call::ChangePassword {
                    by,
                    current: current.text(device.account(model), model),
                    new: new.text(),
                }
            }
            Self::ForgetPassword { who, spelling } => Call::RequestReset { email: who.email(spelling) },
            Self::ResetPassword { who, mail, new } => {
                let mail = mail.of(MailName::ResetPassword, who, model);
                Call::ConfirmReset { mail, password: new.text() }
            }
            Self::AcceptInvitation { who, new } => {
                let mail = Age(0).of(MailName::Invitation, who, model);
                Call::ConfirmReset { mail, password: new.text() }
            }
            Self::AskForAddress { device, of, spelling, password } => Call::RequestEmailChange {
                by: device.session(model),
                email: of.email(spelling),
                password: password.text(device.account(model), model),
            },
            Self::ConfirmAddress { of, mail } => {
                Call::ConfirmEmailChange { mail: mail.of(MailName::ConfirmEmailChange, of, model) }
            }
            Self::SetUsername { device, nickname, spelling } => Call::SetUsername {
                by: device.session(model),
                username: nickname.map(|nickname| nickname.spelt(spelling)),
            },
            Self::DeleteMe { device, password } => Call::DeleteMe {
                by: device.session(model),
                password: password.text(device.account(model), model),
            },
            Self::Administer { device, duty } => {
                Call::Administer { by: device.session(model), task: duty.task(model) }
            }
        };
        Deed::Calls(vec![call])
    }
}

fn sign_in(who: Person, spelling: Spelling, password: Guess, model: &Model) -> Call {
    let email = who.email(spelling);
    let password = password.text(model.with_email(&email), model);
    Call::SignIn { name: LoginName::Email(email), password }
}

impl Guess {
    fn text(self, account: Option<AccountNumber>, model: &Model) -> &'static str {
        let right = account.and_then(|account| model.password_of(account));
        match (self, right) {
            (Self::Right, Some(right)) => right,
            (Self::Other, Some(right)) if right == Choice::Horse.text() => Choice::Staple.text(),
            _ => Choice::Horse.text(),
        }
    }
}

impl Age {
    fn of(self, name: MailName, who: Person, model: &Model) -> Option<MailNumber> {
        model.mails_to(name, &who.email(Spelling::Plain)).into_iter().rev().nth(self.0)
    }

    fn before(self, newest: RefreshToken) -> Option<RefreshToken> {
        let generation = newest.generation.checked_sub(self.0)?;
        Some(RefreshToken { generation, ..newest })
    }
}

impl Device {
    fn owner(self, model: &Model) -> Option<AccountNumber> {
        let (Self::NewestOf(who) | Self::OtherOf(who)) = self;
        model.with_email(&who.email(Spelling::Plain))
    }

    /// Whose password is asked for on it.
    fn account(self, model: &Model) -> Option<AccountNumber> {
        self.session(model).map(|session| model.account_of(session))
    }

    /// The session on it; that of whoever is signed in where its owner is not.
    fn session(self, model: &Model) -> Caller {
        self.session_of_owner(model).or_else(|| model.sessions_with_access().last().copied())
    }

    fn session_of_owner(self, model: &Model) -> Caller {
        let account = self.owner(model)?;
        let live = model.live_sessions_of(account);
        match self {
            Self::NewestOf(_) => live.last().copied(),
            Self::OtherOf(_) => {
                let newest = live.last().copied();
                let others = model.sessions_of(account).into_iter().filter(|other| Some(*other) != newest);
                others.max_by_key(|other| (live.contains(other), *other))
            }
        }
    }

    fn preparation(self, model: &Model) -> Option<Call> {
        let (Self::NewestOf(who), Some(_)) = (self, self.owner(model)) else {
            return None;
        };
        match self.session_of_owner(model) {
            None => Some(sign_in(who, Spelling::Plain, Guess::Right, model)),
            Some(session) if model.has_access(session) => None,
            Some(session) => Some(Call::Refresh { token: Some(model.newest_refresh_token(session)) }),
        }
    }
}

impl Duty {
    fn task(self, model: &Model) -> Task {
        let account_of = |who: Person| {
            model.with_email(&who.email(Spelling::Plain)).unwrap_or_else(|| model.newest_account())
        };
        match self {
            Self::Create { whom, spelling, password, email_verified } => Task::Create {
                email: whom.email(spelling),
                password: password.map(Choice::text),
                email_verified,
            },
            Self::Disable(whom) => Task::SetActive { account: account_of(whom), is_active: false },
            Self::Enable(whom) => Task::SetActive { account: account_of(whom), is_active: true },
            Self::MoveTo { whom, address, spelling } => {
                Task::SetEmail { account: account_of(whom), email: address.email(spelling) }
            }
            Self::Verify(whom) => Task::Verify { account: account_of(whom) },
            Self::Unlock(whom) => Task::Unlock { account: account_of(whom) },
            Self::Delete(whom) => Task::Delete { account: account_of(whom) },
            Self::RevokeSessions(whom) => Task::RevokeSessions { account: account_of(whom) },
            Self::GrantAdmin(whom) => Task::GrantAdmin { account: account_of(whom) },
            Self::RevokeAdmin(whom) => Task::RevokeAdmin { account: account_of(whom) },
        }
    }
}

/// What happens in one walk.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(errand(), 1..=50).prop_map(|errands| errands.concat())
}

/// Steps that lead somewhere, perhaps with another in between; at random they would rarely meet.
fn errand() -> impl Strategy<Value = Vec<Step>> {
    prop_oneof![
        24 => step().prop_map(|step| vec![step]),
        5 => (person(), spelling(), nickname(), accepted()).prop_map(moving_in),
        2 => (person(), spelling(), between(), age()).prop_map(|(who, spelling, between, mail)| {
            let typed = Step::TypeCode { who, mail };
            interrupted(Step::ResendVerification { who, spelling }, between, typed)
        }),
        4 => (person(), spelling(), between(), age(), choice()).prop_map(|(who, spelling, between, mail, new)| {
            let reset = Step::ResetPassword { who, mail, new };
            interrupted(Step::ForgetPassword { who, spelling }, between, reset)
        }),
        4 => (device(), person(), spelling(), between(), age()).prop_map(|(device, of, spelling, between, mail)| {
            let request = Step::AskForAddress { device, of, spelling, password: Guess::Right };
            interrupted(request, between, Step::ConfirmAddress { of, mail })
        }),
        5 => (device(), pause(), 0..3_usize).prop_map(|(device, pause, token)| {
            let refresh = Step::Refresh { device, token: Age(0) };
            interrupted(refresh, pause, Step::Refresh { device, token: Age(token) })
        }),
        3 => (person(), 1..5_usize, 1..5_usize).prop_map(|(who, times, again)| {
            let guess = |times| Step::GuessPasswords { who, times };
            let sign_in = Step::SignIn { who, spelling: Spelling::Plain, password: Guess::Right };
            vec![guess(times), sign_in.clone(), guess(again), sign_in]
        }),
    ]
}

fn moving_in((who, spelling, nickname, password): (Person, Spelling, Option<Nickname>, Choice)) -> Vec<Step> {
    vec![
        Step::Register { who, spelling, nickname, password },
        Step::FollowVerificationLink { who, mail: Age(0) },
        Step::SignIn { who, spelling, password: Guess::Right },
    ]
}

fn between() -> impl Strategy<Value = Option<Step>> {
    prop_oneof![2 => Just(None), 1 => wait().prop_map(|time| Some(Step::Wait(time))), 2 => step().prop_map(Some)]
}

/// About as long as a token that was just spent can be repeated.
fn pause() -> impl Strategy<Value = Option<Step>> {
    let seconds = prop::sample::select(vec![1, 9, 10, 11]);
    prop::option::of(seconds.prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))))
}

fn interrupted(first: Step, between: Option<Step>, last: Step) -> Vec<Step> {
    [Some(first), between, Some(last)].into_iter().flatten().collect()
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (person(), spelling(), nickname(), choice()).prop_map(|(who, spelling, nickname, password)| {
            Step::Register { who, spelling, nickname, password }
        }),
        3 => (person(), spelling()).prop_map(|(who, spelling)| Step::ResendVerification { who, spelling }),
        4 => (person(), age()).prop_map(|(who, mail)| Step::FollowVerificationLink { who, mail }),
        6 => (person(), age()).prop_map(|(who, mail)| Step::TypeCode { who, mail }),
        3 => (person(), 1..7_usize).prop_map(|(who, times)| Step::GuessCodes { who, times }),
        10 => (person(), spelling(), guess()).prop_map(|(who, spelling, password)| {
            Step::SignIn { who, spelling, password }
        }),
        2 => (some_nickname(), spelling(), guess()).prop_map(|(nickname, spelling, password)| {
            Step::SignInByUsername { nickname, spelling, password }
        }),
        4 => (person(), 1..7_usize).prop_map(|(who, times)| Step::GuessPasswords { who, times }),
        10 => (device(), age()).prop_map(|(device, token)| Step::Refresh { device, token }),
        3 => (device(), prop::option::of(device())).prop_map(|(device, of)| Step::Logout { device, of }),
        1 => device().prop_map(|device| Step::LogoutAll { device }),
        2 => (device(), device()).prop_map(|(device, other)| Step::EndSession { device, other }),
        4 => (device(), guess(), choice()).prop_map(|(device, current, new)| {
            Step::ChangePassword { device, current, new }
        }),
        5 => (person(), spelling()).prop_map(|(who, spelling)| Step::ForgetPassword { who, spelling }),
        3 => (person(), age(), choice()).prop_map(|(who, mail, new)| Step::ResetPassword { who, mail, new }),
        3 => (person(), choice()).prop_map(|(who, new)| Step::AcceptInvitation { who, new }),
        5 => (device(), person(), spelling(), guess()).prop_map(|(device, of, spelling, password)| {
            Step::AskForAddress { device, of, spelling, password }
        }),
        2 => (person(), age()).prop_map(|(of, mail)| Step::ConfirmAddress { of, mail }),
        3 => (device(), nickname(), spelling()).prop_map(|(device, nickname, spelling)| {
            Step::SetUsername { device, nickname, spelling }
        }),
        1 => (device(), guess()).prop_map(|(device, password)| Step::DeleteMe { device, password }),
        18 => (administrator(), duty()).prop_map(|(device, duty)| Step::Administer { device, duty }),
        14 => wait().prop_map(Step::Wait),
        2 => Just(Step::Sweep),
    ]
}

fn duty() -> impl Strategy<Value = Duty> {
    prop_oneof![
        3 => (person(), spelling(), prop::option::of(accepted()), any::<bool>()).prop_map(
            |(whom, spelling, password, email_verified)| Duty::Create { whom, spelling, password, email_verified }
        ),
        1 => person().prop_map(Duty::Disable),
        5 => person().prop_map(Duty::Enable),
        2 => (person(), person(), spelling()).prop_map(|(whom, address, spelling)| {
            Duty::MoveTo { whom, address, spelling }
        }),
        3 => person().prop_map(Duty::Verify),
        2 => person().prop_map(Duty::Unlock),
        1 => person().prop_map(Duty::Delete),
        1 => person().prop_map(Duty::RevokeSessions),
        2 => person().prop_map(Duty::GrantAdmin),
        1 => person().prop_map(Duty::RevokeAdmin),
    ]
}

/// Seconds to weeks, and each lifetime to the second.
fn wait() -> impl Strategy<Value = Duration> {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    prop_oneof![
        6 => prop::sample::select(vec![1, 5, 10, 11, MINUTE]),
        5 => prop::sample::select(vec![5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE]),
        3 => prop::sample::select(vec![HOUR, 24 * HOUR, 25 * HOUR]),
        2 => prop::sample::select(vec![3 * 24 * HOUR, IDLE - HOUR, IDLE, ABSOLUTE]),
    ]
    .prop_map(Duration::from_secs)
}

fn person() -> impl Strategy<Value = Person> {
    prop_oneof![1 => Just(Person::Root), 6 => Just(Person::Ada), 4 => Just(Person::Bea), 1 => Just(Person::Cyd)]
}

fn device() -> impl Strategy<Value = Device> {
    prop_oneof![3 => person().prop_map(Device::NewestOf), 1 => person().prop_map(Device::OtherOf)]
}

fn administrator() -> impl Strategy<Value = Device> {
    prop_oneof![5 => Just(Device::NewestOf(Person::Root)), 1 => device()]
}

fn spelling() -> impl Strategy<Value = Spelling> {
    prop_oneof![3 => Just(Spelling::Plain), 1 => Just(Spelling::Shouted)]
}

fn some_nickname() -> impl Strategy<Value = Nickname> {
    prop_oneof![Just(Nickname::Ace), Just(Nickname::Bird)]
}

fn nickname() -> impl Strategy<Value = Option<Nickname>> {
    prop::option::weighted(0.4, some_nickname())
}

fn accepted() -> impl Strategy<Value = Choice> {
    prop_oneof![Just(Choice::Horse), Just(Choice::Staple)]
}

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![8 => accepted(), 1 => Just(Choice::TooShort)]
}

fn guess() -> impl Strategy<Value = Guess> {
    prop_oneof![4 => Just(Guess::Right), 1 => Just(Guess::Other)]
}

fn age() -> impl Strategy<Value = Age> {
    prop_oneof![6 => Just(Age(0)), 2 => Just(Age(1)), 1 => Just(Age(2))]
}
