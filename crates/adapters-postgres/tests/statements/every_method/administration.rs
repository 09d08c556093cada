//! The methods that administrators call.

use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    AuditQuery, AuditTally, AuditTrail, ImportOutcome, PasswordSetting, RoleAssignment,
    RoleAssignmentOutcome, RoleCreation, RoleCreationOutcome, RoleDeletion, RoleDeletionOutcome,
    RoleRepository, RoleUpdate, RoleUpdateOutcome, SetPasswordOutcome, UnlockOutcome, Unlocking,
    UserAdministration, UserFilter, UserQuery, UserUpdate, UserUpdateOutcome,
};
use portcullis_domain::{Account, Change, Permissions, ProfileChange, SearchPrefix, Timestamp, User};
use portcullis_testkit::fixtures::{
    NOW, account_attempts, code_attempts, custom_role, email, event, event_at, mail, name, other_hash,
    password_hash, permission, role, user,
};

use super::{Calls, LATER, everything};

impl<Cost: Fn() -> usize> Calls<'_, Cost> {
    pub(super) async fn administration(&mut self) {
        let store = self.store;
        let (ada, _) = self.registered("administered", |ada| ada.profile.name = Some(name("Ada"))).await;
        let (admin, _) = self.registered("deactivated", |admin| admin.roles.push(role("admin"))).await;
        self.lists(&ada).await;

        let update = |user: &User| UserUpdate {
            user: user.id,
            authority: everything(),
            profile: ProfileChange::default(),
            email: None,
            verifies_email: false,
            is_active: None,
            now: NOW,
            mails: vec![],
            seen: None,
            event: event(AuditKind::UserUpdate).about(user.id),
        };
        let new_address = self.address("readdressed");
        let moving = UserUpdate {
            email: Some(email(&new_address)),
            mails: vec![mail(MailKind::VerifyEmail, &new_address)],
            ..update(&ada)
        };
        let deactivating = UserUpdate { is_active: Some(false), ..update(&admin) };
        for (what, update) in [("update_user", moving), ("update_user, deactivating", deactivating)] {
            let outcome = self.call(what, UserAdministration::update(store, update)).await;
            assert!(matches!(outcome, UserUpdateOutcome::Updated(_)), "{what}: {outcome:?}");
        }

        let unlocking = Unlocking {
            user: ada.id,
            authority: Permissions::only([]),
            attempts: vec![account_attempts(ada.id), code_attempts(&new_address)],
            event: event(AuditKind::AccountUnlock).about(ada.id),
        };
        let outcome = self.call("unlock", store.unlock(unlocking)).await;
        assert!(matches!(outcome, UnlockOutcome::Unlocked(_)), "{outcome:?}");
        let setting = PasswordSetting {
            user: ada.id,
            authority: Permissions::only([]),
            new_hash: other_hash("set"),
            attempts: account_attempts(ada.id),
            notice: mail(MailKind::PasswordChanged, &new_address),
            event: event(AuditKind::PasswordSet).about(ada.id),
        };
        self.expect(SetPasswordOutcome::Set, "set_password", store.set_password(setting)).await;

        let accounts: Vec<_> = ["first", "second"]
            .into_iter()
            .map(|who| user(&self.address(who)))
            .map(|user| Account { user, password_hash: Some(password_hash()) })
            .collect();
        for (what, outcome) in
            [("import", ImportOutcome::Imported), ("import, again", ImportOutcome::Present)]
        {
            self.expect(vec![outcome; 2], what, store.import(accounts.clone())).await;
        }
    }

    /// Lists by every index; where many begin alike, and where few do.
    async fn lists(&mut self, ada: &User) {
        let store = self.store;
        let prefix = |text: &str| Some(SearchPrefix::parse(text).expect("a prefix"));
        let everybody = UserFilter::default();
        let verified = UserFilter { email_verified: Some(true), ..UserFilter::default() };
        let inactive = UserFilter { is_active: Some(false), ..UserFilter::default() };
        let in_role = UserFilter { role: Some(role("role-100")), ..UserFilter::default() };
        for (what, filter) in [
            ("list users", everybody.clone()),
            ("list users, verified", verified.clone()),
            ("list users, inactive", inactive.clone()),
            ("list users, with a role", in_role.clone()),
            ("list users, who begin alike", UserFilter { prefix: prefix("u"), ..everybody }),
            ("list users, verified, who begin alike", UserFilter { prefix: prefix("u"), ..verified }),
            ("list users, inactive, who begin alike", UserFilter { prefix: prefix("u"), ..inactive }),
            ("list users, with a role, who begin alike", UserFilter { prefix: prefix("u"), ..in_role }),
        ] {
            let query = UserQuery { filter, before: None, limit: 51 };
            self.call(what, UserAdministration::list(store, query)).await;
        }
        let filter = UserFilter { prefix: prefix(ada.email.as_str()), ..UserFilter::default() };
        let query = UserQuery { filter, before: None, limit: 51 };
        let found = self.call("list users, one", UserAdministration::list(store, query)).await;
        assert_eq!(found, std::slice::from_ref(ada));
    }

    pub(super) async fn roles(&mut self) {
        let store = self.store;
        let (ada, _) = self.registered("editor", |_| {}).await;
        let editor = custom_role(&format!("editor-{}", self.round), &["notes:read", "notes:write"]);
        let about_role = |kind| event(kind).with("role_id", editor.id.to_string());
        let creation = RoleCreation { role: editor.clone(), event: about_role(AuditKind::RoleCreation) };
        self.expect(RoleCreationOutcome::Created, "create role", store.create(creation)).await;
        self.call("list roles", RoleRepository::list(store)).await;
        self.expect(Some(editor.clone()), "find role", store.find(editor.id)).await;
        self.expect(Some(editor.clone()), "find_by_name", store.find_by_name(&editor.name)).await;
        let update = RoleUpdate {
            role: editor.id,
            name: None,
            description: Change::Keep,
            permissions: Some([permission("notes:read")].into()),
            authority: everything(),
            event: about_role(AuditKind::RoleUpdate),
        };
        let outcome = self.call("update role", RoleRepository::update(store, update)).await;
        assert!(matches!(outcome, RoleUpdateOutcome::Updated(_)), "{outcome:?}");
        let change = |kind| RoleAssignment {
            user: ada.id,
            role: editor.id,
            authority: Permissions::only([permission("notes:read")]),
            event: about_role(kind).about(ada.id),
        };
        let changed = RoleAssignmentOutcome::Changed;
        self.expect(changed, "assign", store.assign(change(AuditKind::RoleAssignment))).await;
        let held = self.call("held_by", store.held_by(ada.id)).await.expect("there is such a user");
        assert_eq!(held.len(), 2);
        self.expect(changed, "revoke", store.revoke(change(AuditKind::RoleRevocation))).await;
        let deletion = RoleDeletion {
            role: editor.id,
            authority: everything(),
            event: about_role(AuditKind::RoleDeletion),
        };
        let delete = RoleRepository::delete(store, deletion);
        self.expect(RoleDeletionOutcome::Deleted, "delete role", delete).await;
    }

    pub(super) async fn audit_trail(&mut self) {
        let store = self.store;
        let ada = user("ada@example.com").id;
        // After all that the other calls tell of.
        let login = event_at(AuditKind::Login, NOW + LATER / 2).about(ada);
        self.call("append", store.append(login)).await;
        let everything =
            AuditQuery { user: None, kind: None, since: None, until: None, before: None, limit: 51 };
        let of_user = AuditQuery { user: Some(ada), ..everything };
        let of_kind = AuditQuery { kind: Some(AuditKind::Login), ..everything };
        for (what, query) in [
            ("list events", everything),
            ("list events, of a user", of_user),
            ("list events, of a kind", of_kind),
            (
                "list events, of a time",
                AuditQuery { since: Some(NOW), until: Some(NOW + LATER), ..everything },
            ),
            (
                "list events, of a user, a kind and a time",
                AuditQuery { since: Some(NOW), until: Some(NOW + LATER), kind: of_kind.kind, ..of_user },
            ),
        ] {
            let found = self.call(what, AuditTrail::list(store, query)).await;
            assert!(found.iter().any(|event| event.subject == Some(ada)), "{what}");
        }
        let tally = AuditTally { kind: AuditKind::Login, since: NOW, at_most: 10 };
        assert!(!self.call("count_by_day", store.count_by_day(tally)).await.is_empty());
        self.expect(0, "delete_older", store.delete_older(Timestamp::MIN, 10)).await;
    }
}
