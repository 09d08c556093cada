use actix_web::ResponseError as _;
use portcullis_http_actix::building_blocks::{FieldCode, FieldError, Problem};

use crate::calls::{self, Calls};

/// Renders what answers a registration with two fields that are not valid (RFC 9457).
pub(crate) fn render_problem() -> Calls {
    let error = |field, code, detail: &str| FieldError { field, code, detail: detail.to_owned() };
    let errors = [
        error("email", FieldCode::Invalid, "`email` is malformed."),
        error("password", FieldCode::TooShort, "`password` has fewer than 8 characters."),
    ];
    calls::with_inputs(
        move || Problem::validation_failed(errors.to_vec()),
        |problem| problem.error_response(),
    )
}
