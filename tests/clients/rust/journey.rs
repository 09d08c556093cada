use std::error::Error;

use portcullis_client::{Client, Code, Credentials, Profile, Registration, Secret};

use super::mailed_code;

pub(super) async fn journey(
    [base_url, email, password, new_password]: [&str; 4],
) -> Result<(), Box<dyn Error>> {
    let client = Client::new(base_url)?;

    // Somebody registers, and verifies their address by the code of the mail.
    let profile = Profile { name: Some("Ada".to_owned()), ..Profile::default() };
    let account = Registration { profile, ..Registration::new(email, password) };
    client.register(&account).await?;
    client.verify_by_code(email, &mailed_code(base_url, email).await).await?;

    // A problem names itself in its code.
    let refused = client.register(&account).await.expect_err("the address is taken");
    assert_eq!(refused.code(), Some(&Code::EmailTaken));

    // Whoever has signed in calls, and the client sees to the tokens: it refreshes them when it is time.
    let (ada, user) = client.login(&Credentials::by_email(email, password)).await?;
    assert!(user.email_verified);
    assert_eq!(ada.me().await?.name.as_deref(), Some("Ada"));

    let (password, new_password) = (Secret::from(password), Secret::from(new_password));
    let wrong = ada
        .change_password(&"not the password".into(), &new_password)
        .await
        .expect_err("the password is wrong");
    assert_eq!(wrong.code(), Some(&Code::WrongPassword));
    ada.change_password(&password, &new_password).await?;

    // A session that has ended takes its tokens with it.
    ada.logout().await?;
    let ended = ada.me().await.expect_err("nobody is signed in");
    assert!(matches!(ended, portcullis_client::Error::SessionEnded));
    Ok(())
}
