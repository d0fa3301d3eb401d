// What is loaded when somebody first comes to the pool: its pages share nearly all of their code, so they come as one.
export { MachinePage } from "./MachinePage";
export { MachinesPage } from "./MachinesPage";
export { ReservationsPage } from "./ReservationsPage";
