import { hide } from "../overlays/overlays";
import { claimActions } from "../claims/actions";
import { heldKinds } from "../things/registry";
import { shortcutsOf } from "../ui/action";
import { Dialog } from "../ui/Dialog";
import { useMe } from "../session/session";
import { entriesFor } from "./menu";

type Shortcut = readonly [keys: readonly string[], what: string];

export default function ShortcutsDialog() {
  const me = useMe();
  const groups: [string, readonly Shortcut[]][] = [
    [
      "Anywhere",
      [
        [["Ctrl", "K"], "Find anything, go anywhere"],
        [["/"], "Filter this page"],
        [["?"], "These shortcuts"],
        ...entriesFor(me.is_admin).flatMap(({ goKey, goLabel, label }): Shortcut[] =>
          goKey ? [[["g", goKey], goLabel ?? label]] : [],
        ),
      ],
    ],
    [
      "On a row",
      [
        [["↑", "↓"], "Move (also j and k)"],
        [["Enter"], "Open it"],
        [["Space"], "Select it (assets, documents)"],
        ...shortcutsOf(claimActions),
      ],
    ],
    ...heldKinds().flatMap(({ plural, shortcuts }): [string, readonly Shortcut[]][] =>
      shortcuts ? [[plural, shortcuts]] : [],
    ),
  ];
  return (
    <Dialog onClose={hide} title="Keyboard shortcuts" size="lg">
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
    </Dialog>
  );
}
