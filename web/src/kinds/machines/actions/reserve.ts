import { IconTerminal2 } from "@tabler/icons-react";
import { askToReserve } from "../dialogs";
import { machineLook } from "../states";
import { OUT_OF_SERVICE, type MachineAction } from "./context";

export const reserve: MachineAction = {
  name: "reserve",
  label: ({ state }) => (state === "free" || OUT_OF_SERVICE.includes(state) ? "Reserve…" : "Wait for it…"),
  shortcut: "Reserve it, or wait for it",
  Icon: IconTerminal2,
  keys: ["n"],
  main: true,
  refusal: ({ state, holder }, { me }) => {
    if (holder === me) return undefined;
    return OUT_OF_SERVICE.includes(state) ? `It is out of service: ${machineLook(state).label.toLowerCase()}.` : null;
  },
  run: ({ name, state }) => askToReserve({ names: [name], wait: state !== "free" }),
  bulk: {
    label: "Reserve…",
    refusal: (machines, { me }) => {
      const mine = machines.find(({ holder }) => holder === me);
      if (mine) return `You have ${mine.name} already.`;
      const out = machines.find(({ state }) => OUT_OF_SERVICE.includes(state));
      return out ? `${out.name} is out of service.` : null;
    },
    run: (machines) => {
      askToReserve({ names: machines.map(({ name }) => name), wait: machines.some(({ state }) => state !== "free") });
      return true;
    },
  },
};
