// What is loaded when somebody first comes to the desktops; the protocols of the viewer come when one is opened.
export { DesktopsPage } from "./DesktopsPage";
export { SetupPage } from "./SetupPage";
export { TicketPage } from "./TicketPage";
export { ViewPage } from "./ViewPage";
