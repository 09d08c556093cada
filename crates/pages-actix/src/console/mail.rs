//! `/admin/mail`: mails that were not delivered yet.

use actix_web::{HttpResponse, web};
use portcullis_domain::mail::{MailKind, MailRecord, MailState};
use portcullis_domain::use_cases::{ListMail, ResendMailError, UseCases};
use portcullis_domain::{MailId, OwnPermission};
use portcullis_http_actix::building_blocks::{Code, Fields, FromFields, PathId, Problem};

use super::Section;
use super::asked::Asked;
use super::elements::{Badges, literal, words};
use super::listing::{Place, found_or_refused};
use crate::elements::{Form, Html, Moment, Page, Shell, Table, Weight};
use crate::notice::News;
use crate::refusals::CURSOR;
use crate::submission::{Nothing, Submission};
use crate::visit::{SignedIn, Visit};

/// After which mail the list goes on.
pub(crate) struct Question(Option<MailId>);

impl FromFields for Question {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields.optional(CURSOR, MailId::parse).map(Self)
    }
}

pub(crate) async fn show(
    SignedIn { visit, .. }: SignedIn,
    Asked { question, typed }: Asked<Question>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let (found, refusals) = found_or_refused(find(&use_cases, question).await, &visit)?;
    let place = Place { visit: &visit, path: Section::Mail.path(), names: &[], typed: &typed };
    let found = found.map(|mails| {
        let is_full = u32::try_from(mails.len()).is_ok_and(|mails| mails == ListMail::PAGE);
        let next = mails.last().filter(|_| is_full).map(|last| last.mail.id.to_string());
        (table(&visit, &mails), next)
    });
    let shell = Shell {
        lead: Some(&visit.texts().console_mail.text),
        panels: vec![place.listing(None, found)],
        ..Section::Mail.shell(&visit, &*visit.texts().console.mail, &refusals)
    };
    Ok(visit.respond(Page::from(shell).refused(&refusals)))
}

async fn find(use_cases: &UseCases, question: Result<Question, Problem>) -> Result<Vec<MailRecord>, Problem> {
    let Question(after) = question?;
    Ok(use_cases.list_mail.list(after).await?)
}

fn table(visit: &Visit, mails: &[MailRecord]) -> Table {
    let texts = &visit.texts().console_mail;
    let may_send = visit.may(OwnPermission::UsersWrite);
    let head = [&texts.recipient, &texts.kind, &texts.queued, &texts.state, &texts.attempts, &texts.failure];
    let act = may_send.then_some(&texts.act);
    let row = |record: &MailRecord| {
        let MailRecord { mail, attempts, state, last_failure } = record;
        let cells = [
            literal(mail.recipient.to_string()),
            words(kind_in_words(visit, mail.kind)),
            Html::of(Moment::at(mail.queued_at)),
            state_in_words(visit, *state),
            words(attempts.to_string()),
            words(last_failure.as_deref().unwrap_or("–")),
        ];
        cells.into_iter().chain(may_send.then(|| sending_again(visit, record))).collect()
    };
    Table {
        caption: &texts.caption,
        head: head.into_iter().chain(act).map(String::as_str).collect(),
        rows: mails.iter().map(row).collect(),
    }
}

fn kind_in_words(visit: &Visit, kind: MailKind) -> &'static str {
    let texts = &visit.texts().mail_kinds;
    match kind {
        MailKind::VerifyEmail => &texts.verify_email,
        MailKind::ResetPassword => &texts.reset_password,
        MailKind::Invitation => &texts.invitation,
        MailKind::ConfirmEmailChange(_) => &texts.confirm_email_change,
        MailKind::EmailChangeRequested => &texts.email_change_requested,
        MailKind::EmailChanged => &texts.email_changed,
        MailKind::PasswordChanged => &texts.password_changed,
        MailKind::AddressAlreadyRegistered => &texts.address_already_registered,
    }
}

fn state_in_words(visit: &Visit, state: MailState) -> Html {
    let texts = &visit.texts().console_mail;
    let (badge, moment) = match state {
        MailState::Waiting { due_at } => ((&*texts.waiting, ""), Some(due_at)),
        MailState::Claimed { leased_until } => ((&*texts.claimed, ""), Some(leased_until)),
        MailState::Parked => ((&*texts.parked, "problem"), None),
    };
    let badge = Html::of(Badges { text: "", badges: vec![badge] });
    Html::joined([badge].into_iter().chain(moment.map(|moment| Html::of(Moment::at(moment)))))
}

fn sending_again(visit: &Visit, MailRecord { mail, .. }: &MailRecord) -> Html {
    let path = format!("{}/{}/send-again", Section::Mail.path(), mail.id);
    Html::of(Form {
        weight: Weight::Secondary,
        button_about: Some(mail.recipient.to_string()),
        ..visit.form(&path, &visit.texts().console_mail.send_again)
    })
}

pub(crate) async fn send_again(
    Submission { visitor, .. }: Submission<SignedIn, Nothing>,
    id: PathId<MailId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let visit = &visitor.visit;
    match use_cases.resend_mail.resend(&visitor.actor().origin, id.named()?).await {
        Ok(()) => {
            visit.leave(News::MailSentAgain);
            Ok(visit.frame.redirect(Section::Mail.path()))
        }
        Err(ResendMailError::NotFound) => Err(Problem::new(Code::NotFound)),
        Err(ResendMailError::Storage(error)) => Err(error.into()),
    }
}
