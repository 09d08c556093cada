//! The contract that every mailer passes.

mod files {
    use std::path::PathBuf;
    use std::sync::Arc;

    use portcullis_adapters_smtp::FileMailer;
    use portcullis_testkit::contract::mailer::{Delivered, DeliveredMail, MailerSetup};
    use tokio::runtime::Handle;

    use crate::fixtures::{clock, composer, mails_in};

    portcullis_testkit::mailer_contract!(setup());

    fn setup() -> MailerSetup {
        let folder = tempfile::tempdir().unwrap();
        let mailer = FileMailer::open(folder.path(), composer(), clock()).unwrap();
        MailerSetup {
            mailer: Arc::new(mailer),
            delivered: Arc::new(Folder(folder.path().to_owned())),
            guard: Arc::new(folder),
        }
    }

    struct Folder(PathBuf);

    impl Delivered for Folder {
        fn mails(&self) -> Vec<DeliveredMail> {
            let mails = tokio::task::block_in_place(|| Handle::current().block_on(mails_in(&self.0)));
            mails.into_iter().map(|mail| DeliveredMail { to: vec![mail.to], text: mail.text }).collect()
        }
    }
}

mod smtp {
    use std::sync::Arc;

    use mail_parser::MessageParser;
    use portcullis_adapters_smtp::{SmtpMailer, SmtpSettings, SmtpUrl};
    use portcullis_testkit::contract::mailer::{Delivered, DeliveredMail, MailerSetup};

    use crate::fixtures::{clock, composer};
    use crate::smtp_server::{Offer, SmtpServer};

    mod to_a_server_of_today {
        portcullis_testkit::mailer_contract!(super::setup(true).await);
    }

    mod to_a_server_without_smtputf8 {
        portcullis_testkit::mailer_contract!(super::setup(false).await);
    }

    async fn setup(international: bool) -> MailerSetup {
        let server = Arc::new(SmtpServer::start(Offer { international, ..Offer::default() }).await);
        let settings = SmtpSettings {
            url: SmtpUrl::parse(&format!("smtp://{}", server.authority())).unwrap(),
            ca_file: None,
            timeout: SmtpSettings::TIMEOUT,
        };
        let mailer = SmtpMailer::new(&settings, composer(), clock()).unwrap();
        MailerSetup { mailer: Arc::new(mailer), delivered: server.clone(), guard: server }
    }

    impl Delivered for SmtpServer {
        fn mails(&self) -> Vec<DeliveredMail> {
            let text = |content: &[u8]| {
                MessageParser::default().parse(content).unwrap().body_text(0).unwrap().into_owned()
            };
            let mails = SmtpServer::mails(self).into_iter();
            mails.map(|mail| DeliveredMail { text: text(&mail.content), to: mail.to }).collect()
        }
    }
}
