import { useQuery } from "@tanstack/react-query";
import { hide } from "../overlays/overlays";
import { claimActions } from "../claims/actions";
import type { Shortcut } from "../things/kind";
import { heldKinds } from "../things/registry";
import { shortcutsOf } from "../ui/action";
import { Dialog } from "../ui/Dialog";
import { useMe } from "../session/session";
import { entriesFor } from "./menu";

async function ofKinds(): Promise<[string, readonly Shortcut[]][]> {
  const all = await Promise.all(heldKinds().map(async (kind) => [kind.plural, (await kind.shortcuts?.()) ?? []] as const));
  return all.filter(([, keys]) => keys.length > 0).map(([plural, keys]) => [plural, keys]);
}

export default function ShortcutsDialog() {
  const me = useMe();
  const { data } = useQuery({ queryKey: ["shortcuts"], queryFn: ofKinds, staleTime: Infinity });
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
    ...(data ?? []),
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
