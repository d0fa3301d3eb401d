import { IconCertificate } from "@tabler/icons-react";
import { show } from "../../../overlays/overlays";
import { CertificateDialog } from "../dialogs/CertificateDialog";
import type { ReservationAction } from "./context";

/** For its holder, and for colleagues with whom it is shared. */
export const certificate: ReservationAction = {
  name: "certificate",
  label: "Certificate…",
  Icon: IconCertificate,
  refusal: ({ certificate: accepted, holder, shared_with: colleagues, state }, { me }) => {
    const theirs = holder === me || colleagues.includes(me);
    return accepted && theirs && (state === "preparing" || state === "ready") ? null : undefined;
  },
  run: (reservation) => show(<CertificateDialog reservation={reservation} />),
};
