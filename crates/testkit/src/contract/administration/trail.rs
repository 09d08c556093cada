//! What the audit trail says of what administrators do.

use portcullis_domain::ports::{PasswordSetting, Unlocking, UserUpdate};
use portcullis_domain::{Permissions, RoleName, User};

use super::steps::{activation, move_to, setting, unlocking, update};
use crate::Storage;
use crate::contract::trail::Trail;
use crate::fixtures::{account, account_of, email, user};

/// Each change of somebody else's account comes with its event, and what is refused with none.
pub async fn administered_changes_are_in_the_trail(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let admin = User { roles: vec![RoleName::admin()], ..user("admin@example.com") };
    storage.register(account_of(admin.clone())).await;
    let nobody = user("nobody@example.com");
    let nothing = || Permissions::only([]);
    let mut trail = Trail::of(storage).await;

    let change = move_to(&ada, email("moved@example.com"));
    storage.update(change.clone()).await;
    trail.gains([change.event], "a change of an account").await;
    let respelling = UserUpdate { email: Some(email("Moved@example.com")), ..update(ada.id) };
    storage.update(respelling.clone()).await;
    trail.gains([respelling.event], "a change of a spelling").await;
    for refused in [
        move_to(&ada, admin.email.clone()),
        activation(admin.id, false),
        UserUpdate { authority: nothing(), ..update(admin.id) },
        update(nobody.id),
    ] {
        storage.update(refused).await;
    }
    trail.gains_nothing("a refused change of an account").await;

    let lifting = unlocking(&ada);
    storage.unlock(lifting.clone()).await;
    trail.gains([lifting.event], "a lockout that is lifted").await;
    storage.unlock(Unlocking { authority: nothing(), ..unlocking(&admin) }).await;
    storage.unlock(unlocking(&nobody)).await;
    trail.gains_nothing("a lockout that is not lifted").await;

    let password = setting(&ada);
    storage.set_password(password.clone()).await;
    trail.gains([password.event], "a password that is set").await;
    storage.set_password(PasswordSetting { authority: nothing(), ..setting(&admin) }).await;
    storage.set_password(setting(&nobody)).await;
    trail.gains_nothing("a password that is not set").await;
}
