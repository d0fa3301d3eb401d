import { Modal } from "@mantine/core";
import { hide } from "../overlays/overlays";
import { useMe } from "../session/session";
import { GO_TO } from "./goTo";
import { useReturnFocus } from "../ui/useReturnFocus";

export default function ShortcutsDialog() {
  useReturnFocus();
  const me = useMe();
  const groups: [string, [string[], string][]][] = [
    [
      "Anywhere",
      [
        [["Ctrl", "K"], "Find anything, go anywhere"],
        [["/"], "Filter this page"],
        [["?"], "These shortcuts"],
        ...Object.entries(GO_TO)
          .filter(([, target]) => me.is_admin || !target.admin)
          .map(([key, target]): [string[], string] => [["g", key], target.label]),
      ],
    ],
    [
      "On a row",
      [
        [["↑", "↓"], "Move (also j and k)"],
        [["Enter"], "Open it"],
        [["Space"], "Select it (assets, documents)"],
        [["r"], "Release"],
        [["e"], "Extend"],
        [["t"], "Hand over"],
        [["w"], "Wait for it"],
        [["n"], "Send the holder a mail"],
        [["f"], "Force-release"],
      ],
    ],
    [
      "Documents",
      [
        [["Shift", "U"], "Upload files"],
        [["Shift", "N"], "New folder"],
        [["v"], "New version"],
        [["l"], "Lock"],
        [["r"], "Unlock"],
        [["m"], "Rename or move"],
        [["Delete"], "Delete"],
      ],
    ],
  ];
  return (
    <Modal opened onClose={hide} title="Keyboard shortcuts" size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <div style={{ display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(240px, 1fr))", gap: "8px 32px" }}>
        {groups.map(([title, keys]) => (
          <section key={title}>
            <h3 style={{ margin: "0 0 8px", fontSize: 13, color: "var(--mantine-color-dimmed)" }}>{title}</h3>
            {keys.map(([combination, what]) => (
              <div key={what} style={{ display: "flex", justifyContent: "space-between", gap: 12, padding: "5px 0" }}>
                <span>{what}</span>
                <span style={{ display: "flex", gap: 4 }}>
                  {combination.map((key) => (
                    <kbd className="key" key={key}>
                      {key}
                    </kbd>
                  ))}
                </span>
              </div>
            ))}
          </section>
        ))}
      </div>
    </Modal>
  );
}
