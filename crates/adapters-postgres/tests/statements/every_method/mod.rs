//! Every method of every port, called for everything that it does differently.

mod administration;

use std::fmt::Debug;
use std::time::Duration;

use portcullis_adapters_postgres::PostgresStore;
use portcullis_domain::archive::{Record, RecordKind};
use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::{ClaimedMail, MailKind, QueuedMail};
use portcullis_domain::ports::{
    CodeLimits, CodeOutcome, CodeRedemption, DeleteOutcome, Deletion, EmailChangeOutcome, EmailChangeRefusal,
    EmailChangeRequest, EmailChangeRequestOutcome, EndAllOutcome, FailedAttempt, InstallationArchive as _,
    KeySuccession, LinkRedemption, LockoutPolicy, LockoutRepository as _, MailQueue, MailResending,
    NewAccount, OpenOutcome, PasswordChange, PasswordReset, PrivateRegistration, PrivateRegistrationOutcome,
    ProfileOutcome, ProfileUpdate, RegisterOutcome, Rotation, RotationOutcome, SessionEnding, SessionOpening,
    SessionRepository, SessionsEnding, SigningKeyRepository, StorageError, TokenRepository, UserRepository,
    VerificationOutcome, VerificationSecrets,
};
use portcullis_domain::{
    Account, Change, Generation, KeyId, LoginIdentifier, Permissions, ProfileChange, Session, SessionId,
    SigningAlgorithm, SigningKey, Timestamp, TokenDigest, User, Username,
};
use portcullis_testkit::fixtures::{
    LIFETIME, NOW, account, account_attempts, account_of, code_attempts, code_digest, email, event, mail,
    name, other_hash, password_hash, role, session, token_digest, unknown_attempts, user, username,
};

const LATER: Duration = Duration::from_hours(24);

/// Calls that are made, with what each one cost.
pub(crate) struct Calls<'a, Cost> {
    store: &'a PostgresStore,
    /// Tells the people of one round from those of another.
    round: &'static str,
    cost: Cost,
    pub(crate) made: Vec<(&'static str, usize)>,
}

impl<'a, Cost: Fn() -> usize> Calls<'a, Cost> {
    pub(crate) fn new(store: &'a PostgresStore, round: &'static str, cost: Cost) -> Self {
        Self { store, round, cost, made: Vec::new() }
    }

    pub(crate) async fn make_all(&mut self) {
        self.accounts().await;
        self.sessions().await;
        self.verification().await;
        self.password_reset().await;
        self.email_change().await;
        self.lockout().await;
        self.mails().await;
        self.signing_keys().await;
        self.administration().await;
        self.roles().await;
        self.audit_trail().await;
        self.archive().await;
    }

    /// Makes a call that must succeed, and notes what it cost.
    async fn call<T>(
        &mut self,
        what: &'static str,
        call: impl Future<Output = Result<T, StorageError>>,
    ) -> T {
        (self.cost)();
        let answer = call.await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        self.made.push((what, (self.cost)()));
        answer
    }

    /// Makes a call that must come to this.
    async fn expect<T: Debug + PartialEq>(
        &mut self,
        wanted: T,
        what: &'static str,
        call: impl Future<Output = Result<T, StorageError>>,
    ) {
        let answer = self.call(what, call).await;
        assert_eq!(answer, wanted, "{what}");
    }

    fn address(&self, who: &str) -> String {
        format!("{who}.{}@example.com", self.round)
    }

    fn username(&self, who: &str) -> Username {
        username(&format!("{who}.{}", self.round))
    }

    /// An account with a session, a mail and what is altered; how it came to be is not noted.
    async fn registered(&self, who: &str, alter: impl FnOnce(&mut User)) -> (User, Session) {
        let mut user = user(&self.address(who));
        alter(&mut user);
        let session = session(user.id);
        let account = NewAccount {
            session: Some(session.clone()),
            mail: Some(verify_mail(&user)),
            ..account_of(user.clone())
        };
        let outcome = self.store.register(account).await.expect("register");
        assert!(matches!(outcome, RegisterOutcome::Registered(Some(_))), "{outcome:?}");
        (user, session)
    }

    async fn accounts(&mut self) {
        let store = self.store;
        let mut ada = user(&self.address("ada"));
        ada.username = Some(self.username("ada"));
        ada.roles.push(role("admin"));
        let account_of_ada = NewAccount { mail: Some(verify_mail(&ada)), ..account_of(ada.clone()) };
        let registered = RegisterOutcome::Registered(None);
        self.expect(registered, "register", store.register(account_of_ada)).await;
        let bob = user(&self.address("bob"));
        let session = session(bob.id);
        let signing_in = NewAccount { session: Some(session.clone()), ..account_of(bob.clone()) };
        self.call("register, with a session", store.register(signing_in)).await;
        let again = account(bob.email.as_str());
        self.expect(RegisterOutcome::EmailTaken, "register, a taken address", store.register(again)).await;

        let mut lost = account(&self.address("lost"));
        lost.user.roles.push(role("unheard-of"));
        let unknown = RegisterOutcome::UnknownRole;
        self.expect(unknown, "register, with an unknown role", store.register(lost)).await;

        let claim = |address: &str| {
            let mut account = account(address);
            account.mail = Some(verify_mail(&account.user));
            PrivateRegistration {
                account,
                notice_to_owner: mail(MailKind::AddressAlreadyRegistered, address),
                way_in_for_owner: mail(MailKind::ResetPassword, address),
                refusal: event(AuditKind::Registration),
            }
        };
        let claimed = claim(&self.address("claimed"));
        let claim_ended = PrivateRegistrationOutcome::ClaimEnded(claimed.account.user.id);
        for (what, registration, wanted) in [
            ("register_privately, a free address", claimed, PrivateRegistrationOutcome::Registered),
            ("register_privately, over a mere claim", claim(&self.address("claimed")), claim_ended),
            (
                "register_privately, a taken address",
                claim(&self.address("ada")),
                PrivateRegistrationOutcome::OwnerTold(ada.id),
            ),
        ] {
            self.expect(wanted, what, store.register_privately(registration)).await;
        }
        let mut claim = claim(&self.address("other"));
        claim.account.user.username = Some(self.username("ada"));
        let taken = PrivateRegistrationOutcome::UsernameTaken;
        let what = "register_privately, a taken username";
        self.expect(taken, what, store.register_privately(claim)).await;

        let by_address = LoginIdentifier::Email(ada.email.clone());
        let found = self.call("find_by_login, an address", store.find_by_login(&by_address)).await;
        assert_eq!(found.map(|found| found.user.id), Some(ada.id));
        let by_username = LoginIdentifier::Username(self.username("ada"));
        let found = self.call("find_by_login, a username", store.find_by_login(&by_username)).await;
        assert_eq!(found.map(|found| found.user.id), Some(ada.id));
        let found = self.call("find_by_id", store.find_by_id(ada.id)).await;
        assert_eq!(found.map(|found| found.user.id), Some(ada.id));

        let change = ProfileChange {
            username: Change::Set(self.username("lovelace")),
            name: Change::Set(name("Ada")),
            ..ProfileChange::default()
        };
        let event_of_ada = event(AuditKind::ProfileChange).about(ada.id);
        let update = ProfileUpdate { user: ada.id, change, now: NOW, event: event_of_ada };
        let outcome = self.call("update_profile", store.update_profile(update)).await;
        assert!(matches!(outcome, ProfileOutcome::Updated(_)));
        let change = PasswordChange {
            user: bob.id,
            verified_hash: password_hash(),
            new_hash: other_hash("new"),
            kept_session: session.id,
            notice: mail(MailKind::PasswordChanged, bob.email.as_str()),
            event: event(AuditKind::PasswordChange).about(bob.id),
        };
        self.expect(true, "change_password", store.change_password(change)).await;
        let (admin, _) = self.registered("admin", |admin| admin.roles.push(role("admin"))).await;
        let [checked, new] = [password_hash(), other_hash("new")];
        for (what, user, verified_hash, wanted) in [
            ("delete, refused", &bob, Some(checked), DeleteOutcome::Refused),
            ("delete", &bob, Some(new), DeleteOutcome::Deleted),
            ("delete, an administrator", &admin, None, DeleteOutcome::Deleted),
        ] {
            let deletion = Deletion {
                user: user.id,
                authority: everything(),
                verified_hash,
                attempts: account_attempts(user.id),
                event: event(AuditKind::UserDeletion).about(user.id),
            };
            self.expect(wanted, what, UserRepository::delete(store, deletion)).await;
        }
        self.call("ping", store.ping()).await;
    }

    async fn sessions(&mut self) {
        let store = self.store;
        let (user, first) = self.registered("sessions", |_| {}).await;
        let opening = |verified_hash| SessionOpening {
            session: session(user.id),
            attempts: account_attempts(user.id),
            verified_hash,
            renewed_hash: Some(other_hash("renewed")),
            event: event(AuditKind::Login).about(user.id),
        };
        let outcome = self.call("open", store.open(opening(password_hash()))).await;
        assert!(matches!(outcome, OpenOutcome::Opened(_)));
        let refused = store.open(opening(password_hash()));
        self.expect(OpenOutcome::Refused, "open, refused", refused).await;
        assert!(self.call("principal", store.principal(first.id, NOW)).await.is_some());
        for what in ["rotate", "rotate, a retry"] {
            let outcome = self.call(what, store.rotate(rotation(first.id, 0))).await;
            assert!(matches!(outcome, RotationOutcome::Current(_)), "{what}: {outcome:?}");
        }
        store.rotate(rotation(first.id, 1)).await.expect("rotate");
        let stolen = store.rotate(rotation(first.id, 0));
        self.expect(RotationOutcome::Reused(user.id), "rotate, a stolen token", stolen).await;
        let ended = store.rotate(rotation(first.id, 0));
        self.expect(RotationOutcome::Unknown, "rotate, an ended session", ended).await;
        let live = self.call("list sessions", SessionRepository::list(store, user.id, NOW)).await;
        let logout = event(AuditKind::Logout).about(user.id);
        let ending = SessionEnding { user: user.id, session: live[0].id, now: NOW, event: logout };
        self.expect(true, "end", store.end(ending)).await;
        let logout = event(AuditKind::LogoutAll).about(user.id);
        let ending = SessionsEnding { user: user.id, authority: everything(), event: logout };
        self.expect(EndAllOutcome::Ended, "end_all", store.end_all(ending)).await;
        let expired = SessionRepository::delete_expired(store, NOW, 10);
        self.expect(0, "delete_expired sessions", expired).await;
    }

    async fn verification(&mut self) {
        let store = self.store;
        let (user, _) = self.registered("verification", |_| {}).await;
        let address = self.address("verification");
        let secrets = VerificationSecrets {
            link: token_digest(),
            link_expires_at: NOW + LATER,
            code: code_digest(&address, "123456"),
            code_expires_at: NOW + LATER,
            attempts: code_attempts(&address),
        };
        let issued = self.call("issue_verification", store.issue_verification(&user.email, secrets)).await;
        assert_eq!(issued.map(|issued| issued.id), Some(user.id));
        let found = self.call("find_verification", store.find_verification(secrets.link, NOW)).await;
        assert_eq!(found.map(|found| found.id), Some(user.id));
        let redemption = |code, per_code| CodeRedemption {
            address: user.email.clone(),
            code: Some(code_digest(&address, code)),
            attempts: secrets.attempts,
            limits: CodeLimits { per_code, per_hour: 15 },
            now: NOW,
            event: event(AuditKind::EmailVerification),
            failure: event(AuditKind::EmailVerification),
        };
        let wrong = store.redeem_verification_code(redemption("000000", 5));
        self.expect(CodeOutcome::Wrong(Some(user.id)), "redeem_verification_code, a wrong one", wrong).await;
        let right = store.redeem_verification_code(redemption("123456", 5));
        let outcome = self.call("redeem_verification_code, the right one", right).await;
        assert!(matches!(outcome, CodeOutcome::Verified(_)));
        let too_many = store.redeem_verification_code(redemption("000000", 1));
        let exhausted = CodeOutcome::Exhausted { until: None };
        self.expect(exhausted, "redeem_verification_code, too many wrong ones", too_many).await;
        let redeem = store.redeem_verification_link(following(secrets.link, AuditKind::EmailVerification));
        let outcome = self.call("redeem_verification_link", redeem).await;
        assert!(matches!(outcome, VerificationOutcome::VerifiedBefore(_)), "{outcome:?}");
        let expired = TokenRepository::delete_expired(store, NOW, 10);
        self.expect(0, "delete_expired secrets", expired).await;
    }

    async fn password_reset(&mut self) {
        let store = self.store;
        let (user, _) = self.registered("reset", |_| {}).await;
        let digest = token_digest();
        let issue = store.issue_password_reset(&user.email, digest, NOW + LATER);
        assert!(self.call("issue_password_reset", issue).await.is_some());
        assert!(self.call("find_password_reset", store.find_password_reset(digest, NOW)).await.is_some());
        let reset = PasswordReset {
            digest,
            now: NOW,
            new_hash: other_hash("reset"),
            attempts: account_attempts(user.id),
            notice: mail(MailKind::PasswordChanged, user.email.as_str()),
            event: event(AuditKind::PasswordReset).about(user.id),
        };
        self.expect(true, "redeem_password_reset", store.redeem_password_reset(reset)).await;
    }

    async fn email_change(&mut self) {
        let store = self.store;
        let (user, session) = self.registered("change", |_| {}).await;
        let (other, _) = self.registered("other.change", |_| {}).await;
        let new_address = email(&self.address("changed"));
        let request = EmailChangeRequest {
            user: user.id,
            session: session.id,
            new_address: new_address.clone(),
            verified_hash: password_hash(),
            mails: vec![
                mail(MailKind::ConfirmEmailChange(user.id), new_address.as_str()),
                mail(MailKind::EmailChangeRequested, user.email.as_str()),
            ],
            event: event(AuditKind::EmailChangeRequest).about(user.id),
            if_taken: None,
        };
        let refusal = EmailChangeRefusal {
            mails: vec![mail(MailKind::AddressAlreadyRegistered, other.email.as_str())],
            event: event(AuditKind::EmailChangeRequest).about(user.id),
        };
        let taken = EmailChangeRequest { new_address: other.email, ..request.clone() };
        let private = EmailChangeRequest { if_taken: Some(refusal), ..taken.clone() };
        let stale = EmailChangeRequest { verified_hash: other_hash("other"), ..taken.clone() };
        for (what, request, wanted) in [
            ("request_email_change, a taken address", taken, EmailChangeRequestOutcome::EmailTaken),
            (
                "request_email_change, a taken address in private",
                private,
                EmailChangeRequestOutcome::OwnerTold,
            ),
            ("request_email_change, refused", stale, EmailChangeRequestOutcome::Refused),
            ("request_email_change", request, EmailChangeRequestOutcome::Requested),
        ] {
            self.expect(wanted, what, store.request_email_change(request)).await;
        }
        let digest = token_digest();
        let issue = store.issue_email_change(user.id, &new_address, digest, NOW + LATER);
        assert!(self.call("issue_email_change", issue).await.is_some());
        assert!(self.call("find_email_change", store.find_email_change(digest, NOW)).await.is_some());
        let redeem = store.redeem_email_change(following(digest, AuditKind::EmailChange));
        let outcome = self.call("redeem_email_change", redeem).await;
        assert!(matches!(outcome, EmailChangeOutcome::Changed(_)));
    }

    async fn lockout(&mut self) {
        let store = self.store;
        let key = unknown_attempts(self.round);
        let duration = Duration::from_mins(15);
        for (what, threshold) in
            [("record_failure, uncounted", 0), ("record_failure", 1), ("record_failure, locked", 1)]
        {
            let attempt = FailedAttempt {
                key,
                now: NOW,
                policy: LockoutPolicy { threshold, duration },
                failure: event(AuditKind::Login),
                lock: event(AuditKind::AccountLock),
            };
            self.call(what, store.record_failure(attempt)).await;
        }
        assert!(self.call("locked_until", store.locked_until(key, NOW)).await.is_some());
        self.call("record_success", store.record_success(key, NOW)).await;
        self.expect(0, "delete_stale", store.delete_stale(Timestamp::MIN, 10)).await;
    }

    async fn mails(&mut self) {
        let store = self.store;
        self.call("enqueue", store.enqueue(mail(MailKind::VerifyEmail, &self.address("mail")))).await;
        let mut claims: Vec<ClaimedMail> = Vec::new();
        claims.extend(self.call("claim", store.claim(NOW, NOW + LATER)).await);
        while let Some(claim) = store.claim(NOW, NOW + LATER).await.expect("claim") {
            claims.push(claim);
        }
        assert!(claims.len() > 2, "registrations queued mails too");
        let three_ends = async {
            store.retry(&claims[0], NOW + LATER, "busy").await?;
            store.park(&claims[1], "unknown").await?;
            store.complete(&claims[2]).await?;
            let event = event(AuditKind::MailResend);
            store.send_again(MailResending { id: claims[1].mail.id, now: NOW, event }).await
        };
        self.expect(true, "retry, park, complete, send_again", three_ends).await;
        assert!(!self.call("list mails", MailQueue::list(store, None, 10)).await.is_empty());
        self.call("backlog", store.backlog()).await;
    }

    async fn signing_keys(&mut self) {
        let store = self.store;
        let keys = self.call("list keys", SigningKeyRepository::list(store)).await;
        let key = SigningKey {
            id: KeyId::new(self.round),
            algorithm: SigningAlgorithm::EdDsa,
            sealed: vec![1, 2, 3],
            created_at: NOW,
            signs_from: NOW,
            verifies_until: None,
        };
        let newest = keys.last().map(|key| key.id.clone());
        let succession = async {
            let succession = KeySuccession {
                key,
                predecessor: newest,
                predecessor_until: NOW + LATER,
                event: event(AuditKind::SigningKeyRotation),
            };
            assert!(store.succeed(succession).await?);
            SigningKeyRepository::delete_expired(store, Timestamp::MIN).await
        };
        self.expect(0, "succeed, and delete_expired keys", succession).await;
    }

    async fn archive(&mut self) {
        let store = self.store;
        let roles = store.read_page(RecordKind::Roles.first_page(), 2);
        assert_eq!(self.call("read_page, of roles", roles).await.len(), 2);
        let others = async {
            for kind in &RecordKind::ALL[1..] {
                store.read_page(kind.first_page(), 500).await?;
            }
            Ok(())
        };
        self.call("read_page, of the ten other kinds", others).await;
        let user = user(&self.address("archived"));
        let session = Record::Session(session(user.id));
        let page = vec![Record::User(Account { user, password_hash: None }), session];
        for (what, new) in [("write_page", 2), ("write_page, again", 0)] {
            let written = async { Ok(store.write_page(page.clone()).await.expect(what)) };
            self.expect(new, what, written).await;
        }
    }
}

fn verify_mail(user: &User) -> QueuedMail {
    mail(MailKind::VerifyEmail, user.email.as_str())
}

/// With every authority.
fn everything() -> Permissions {
    Permissions::every([])
}

fn following(digest: TokenDigest, kind: AuditKind) -> LinkRedemption {
    LinkRedemption { digest, now: NOW, event: event(kind) }
}

fn rotation(session: SessionId, generation: u32) -> Rotation {
    Rotation {
        session,
        generation: Generation::new(generation),
        now: NOW,
        lifetime: LIFETIME,
        grace: Duration::from_secs(10),
        reuse: event(AuditKind::RefreshTokenReuse),
    }
}
