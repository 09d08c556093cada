use portcullis_domain::{
    Client, EmailAddress, Generation, Locale, Permissions, Principal, ProfileNames, RoleName, Session,
    SessionId, Timestamp, User, UserId,
};
use uuid::Uuid;

/// Who every call acts as where nobody has to say who they are: an administrator with fixed ids, who has no
/// account in the store and no session there.
pub(crate) fn built_in_administrator() -> Principal {
    const ID: Uuid = Uuid::from_u128(0x00000000_0000_7000_8000_000000000001);
    let user_id = UserId::from(ID);
    let user = User {
        id: user_id,
        email: EmailAddress::parse("administrator@localhost.localdomain").expect("it is an address"),
        email_verified: true,
        username: None,
        profile: ProfileNames::default(),
        is_active: true,
        roles: vec![RoleName::admin(), RoleName::user()],
        locale: Locale::english(),
        created_at: Timestamp::MIN,
        updated_at: None,
        last_login_at: None,
    };
    let session = Session {
        id: SessionId::from(ID),
        user_id,
        generation: Generation::FIRST,
        created_at: Timestamp::MIN,
        last_used_at: Timestamp::MIN,
        expires_at: Timestamp::MAX,
        ends_at: Timestamp::MAX,
        client: Client::default(),
    };
    Principal { user, session, permissions: Permissions::every([]) }
}
