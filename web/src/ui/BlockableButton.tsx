import { Button, Tooltip, type ButtonProps } from "@mantine/core";
import type { ReactNode } from "react";

interface Props extends ButtonProps {
  /** Why it would be refused. It stays reachable, so that the reason can be read with the keyboard too. */
  reason: string | null;
  onClick: () => void;
  children: ReactNode;
}

export function BlockableButton({ reason, onClick, children, ...rest }: Props) {
  if (reason === null) {
    return (
      <Button {...rest} onClick={onClick}>
        {children}
      </Button>
    );
  }
  return (
    <Tooltip label={reason} events={{ hover: true, focus: true, touch: true }}>
      <Button {...rest} data-disabled aria-disabled="true" onClick={(event) => event.preventDefault()}>
        {children}
        <span className="visually-hidden">, not possible: {reason}</span>
      </Button>
    </Tooltip>
  );
}
