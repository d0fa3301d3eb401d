import { IconAdjustments, IconBuilding, IconDatabase, IconDevices, IconKey, IconMail, IconStack2, IconUser } from "@tabler/icons-react";
import type { Kind } from "./kind";

// Things nobody holds, but that people and the log speak of.

type Told = Pick<Kind, "name" | "label" | "plural" | "Icon" | "sentences"> & Partial<Pick<Kind, "isTouched" | "link" | "nameOf" | "readAgainOn" | "verbs">>;

function told(kind: Told): Kind {
  return {
    nav: [],
    pages: [],
    nameOf: (key) => key,
    monospaced: false,
    link: () => `/activity?kind=${kind.name}`,
    ...kind,
  };
}

export const identityKinds: Kind[] = [
  told({
    name: "user",
    label: "Account",
    plural: "Accounts",
    Icon: IconUser,
    link: () => "/admin/users",
    readAgainOn: { user: [["users"], ["people"], ["me"]] },
    // A person's name may be on whatever was read.
    isTouched: (_queryKey, event) => event.verb === "renamed",
    verbs: {
      created: "created",
      deleted: "deleted",
      renamed: "renamed",
      password_changed: "password changed",
      email_changed: "e-mail changed",
      admin_granted: "made administrator",
      admin_revoked: "administrator role taken",
      otp_enabled: "two-step sign-in on",
      otp_disabled: "two-step sign-in off",
      otp_reset: "two-step sign-in reset",
      recovery_code_used: "recovery code used",
      recovery_codes_made: "recovery codes made",
      signed_out_by_provider: "signed out by the provider",
      enabled: "account enabled",
      disabled: "account disabled",
    },
    sentences: {
      created: "{actor} created the account {thing}",
      deleted: "{actor} deleted the account {thing}",
      renamed: "{actor} renamed {thing} to {to}",
      enabled: "{actor} enabled the account {thing}",
      disabled: "{actor} disabled the account {thing}",
      admin_granted: "{actor} made {thing} an administrator",
      admin_revoked: "{actor} took the administrator role from {thing}",
      password_changed: "{actor} changed the password of {thing}",
      password_change_requested: "{actor} asked to change the password of {thing}",
      email_changed: "{actor} changed the e-mail address of {thing}",
      email_change_requested: "{actor} asked to change the e-mail address of {thing}",
      signed_out_everywhere: "{actor} signed out everywhere",
      company_changed: "{actor} changed the company of {thing}",
      otp_enabled: "{actor} turned two-step sign-in on",
      otp_disabled: "{actor} turned two-step sign-in off",
      otp_reset: "{actor} turned off the two-step sign-in of {thing}",
      recovery_code_used: "{actor} signed in with a recovery code",
      recovery_codes_made: "{actor} made new recovery codes",
      signed_out_by_provider: "{thing} was signed out by the sign-in provider",
    },
  }),
  told({
    name: "api_key",
    label: "API key",
    plural: "API keys",
    Icon: IconKey,
    readAgainOn: { api_key: [["keys"]] },
    verbs: {
      key_created: "API key created",
      key_revoked: "API key revoked",
    },
    sentences: {
      key_created: "{actor} created the API key {thing}",
      key_revoked: "{actor} revoked the API key {thing}",
      created: "{actor} created the API key {thing}",
      deleted: "{actor} revoked the API key {thing}",
    },
  }),
  told({
    name: "session",
    label: "Session",
    plural: "Sessions",
    Icon: IconDevices,
    readAgainOn: { session: [["sessions"]] },
    verbs: {
      signed_in: "signed in",
      signed_out: "signed out",
    },
    sentences: {
      signed_in: "{actor} signed in with {thing}",
      signed_out: "{actor} signed out {thing}",
    },
  }),
  told({
    name: "project",
    label: "Project",
    plural: "Projects",
    Icon: IconStack2,
    link: () => "/projects",
    readAgainOn: { project: [["projects"]] },
    verbs: {
      member_set: "member set",
      member_removed: "member removed",
    },
    sentences: {
      created: "{actor} created the project {thing}",
      deleted: "{actor} deleted the project {thing}",
      member_set: "{actor} made {username} {role} of the project {thing}",
      member_removed: "{actor} removed {username} from the project {thing}",
    },
  }),
  told({
    name: "company",
    label: "Company",
    plural: "Companies",
    Icon: IconBuilding,
    link: () => "/companies",
    readAgainOn: { company: [["companies"], ["projects"], ["users"]] },
    sentences: {
      created: "{actor} created the company {thing}",
      deleted: "{actor} deleted the company {thing}",
      renamed: "{actor} renamed the company {thing}",
      member_set: "{actor} made {username} {role} of the company {thing}",
      member_removed: "{actor} removed {username} from the company {thing}",
    },
  }),
  told({
    name: "config",
    label: "Configuration",
    plural: "Configuration",
    Icon: IconAdjustments,
    link: () => "/admin/config",
    readAgainOn: { config: [["config"], ["config-status"]] },
    verbs: {
      config_changed: "setting changed",
    },
    sentences: { config_changed: "{actor} changed the setting {thing}[ to {value}]" },
  }),
  told({
    name: "mail",
    label: "Mail",
    plural: "Mail",
    Icon: IconMail,
    link: () => "/admin/health",
    sentences: { failed: "A mail could not be sent[: {reason}]" },
  }),
  told({
    name: "quota",
    label: "Quota",
    plural: "Quotas",
    Icon: IconDatabase,
    nameOf: (key) => key.slice(key.indexOf(":") + 1),
    readAgainOn: { quota: [["quotas"]] },
    verbs: { quota_set: "quota set" },
    sentences: { quota_set: "{actor} changed the quota of {thing}" },
  }),
];
