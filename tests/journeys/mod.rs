//! What users do, from end to end: the documented journeys of the systems that people come from, and
//! what those systems lack.

mod account_deletion;
mod account_files;
mod administered_users;
mod audit_trail;
mod authentication_off;
mod authyy;
mod behind_nginx;
mod dashtam;
mod email_change;
mod introspection;
mod moved_installation;
mod private_registration;
mod reverse_proxy_check;
mod review_point;
mod roles_and_permissions;
mod sessions;
mod user_auth_service;
mod user_list;
mod user_registration;
