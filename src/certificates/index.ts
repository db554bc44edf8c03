// What brings the library for certificates: a bundle of its own, loaded where certificates are made.
export { issueCertificate, makeAuthority } from './issue.ts';
export { decideCertificates, issueAll } from './plan.ts';
