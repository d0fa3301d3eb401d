import { Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useRef, useState, type ReactNode } from "react";
import { labelOf, type Action } from "./action";
import classes from "./ActionMenu.module.css";
import { MenuDropdown } from "./Dialog";
import { visible } from "./names";

interface MenuProps {
  /** What the menu is for: the name of the row. */
  of: string;
  width?: number;
  /**
   * What is in it, drawn once it opens: lists have many rows. To be called before what was chosen happens, so that
   * a dialog gives the focus back to where it opened from.
   */
  children: (onChosen: () => void) => ReactNode;
}

/** Three dots that open everything that can be done with a row. */
export function ActionMenu({ of, width = 250, children }: MenuProps) {
  const [opened, setOpened] = useState(false);
  const [used, setUsed] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const button = (
    <button
      ref={opener}
      type="button"
      className={classes.more}
      aria-label={`Actions for ${visible(of)}`}
      aria-haspopup="menu"
      aria-expanded={opened}
      onClick={() => {
        setUsed(true);
        setOpened((now) => !now);
      }}
    >
      <IconDots size={18} />
    </button>
  );
  if (!used) return button;
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" width={width} shadow="md" withinPortal>
      <Menu.Target>{button}</Menu.Target>
      <MenuDropdown opener={opener} className={classes.dropdown}>{children(() => opener.current?.focus())}</MenuDropdown>
    </Menu>
  );
}

interface ItemsProps<Subject, Context> {
  actions: readonly Action<Subject, Context>[];
  subject: Subject;
  context: Context;
  onChosen?: () => void;
}

/** Actions as menu items. What is refused stays, with the reason: people learn what exists. */
export function ActionItems<Subject, Context>({ actions, subject, context, onChosen }: ItemsProps<Subject, Context>) {
  return actions.map((action) => {
    const refusal = action.refusal(subject, context);
    if (refusal === undefined) return null;
    const { Icon } = action;
    return (
      <Menu.Item
        key={action.name}
        leftSection={<Icon size={16} stroke={1.7} aria-hidden />}
        disabled={refusal !== null}
        classNames={{ item: classes.item }}
        mod={{ danger: action.danger && refusal === null }}
        onClick={() => {
          onChosen?.();
          action.run(subject, context);
        }}
      >
        {labelOf(action, subject)}
        {refusal && <span className={classes.reason}>{refusal}</span>}
      </Menu.Item>
    );
  });
}
