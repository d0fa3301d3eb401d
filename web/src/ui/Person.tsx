import { memo, type CSSProperties } from "react";
import { hueOf, initials } from "./initials";
import classes from "./ui.module.css";

export const Avatar = memo(function Avatar({ name, size = 22 }: { name: string; size?: number }) {
  return (
    <span
      className={classes.avatar}
      style={{ "--hue": hueOf(name), "--size": `${size}px` } as CSSProperties}
      data-initials={initials(name)}
      aria-hidden="true"
    />
  );
});

export function Person({ name, me = false }: { name: string; me?: boolean }) {
  return (
    <span className={classes.person} title={name}>
      <Avatar name={name} />
      <span className={classes.personName}>
        {name}
        {me && <span className={classes.you}> (you)</span>}
      </span>
    </span>
  );
}
