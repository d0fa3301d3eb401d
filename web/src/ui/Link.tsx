import { useRouter, type AnyRouter } from "@tanstack/react-router";
import { forwardRef, type AnchorHTMLAttributes } from "react";
import { basePath } from "../api/base";
import { giveKeys, holdKeys } from "./heldKeys";

interface Props extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> {
  /** An address inside the page, from its root: "/assets?q=hero". */
  to: string;
}

/**
 * A link inside the page, written as one string: kinds and server answers hand us addresses, not
 * routes and parsed parameters. Modified clicks stay the browser's.
 */
export const Link = forwardRef<HTMLAnchorElement, Props>(function Link({ to, onClick, children, ...rest }, ref) {
  const router = useRouter();
  return (
    <a
      ref={ref}
      href={hrefOf(to)}
      {...rest}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || event.button !== 0) return;
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || rest.target) return;
        event.preventDefault();
        keepKeys(router);
        router.history.push(hrefOf(to));
      }}
    >
      {children}
    </a>
  );
});

export function hrefOf(to: string): string {
  return basePath().replace(/\/$/, "") + to;
}

/** What is typed from now on is meant for the page, or the drawer, that is on its way. */
export function keepKeys(router: AnyRouter): void {
  holdKeys();
  const stop = router.subscribe("onRendered", () => {
    stop();
    giveKeys();
  });
}

/** Go to such an address from code. */
export function useGo(): (to: string, options?: { replace?: boolean }) => void {
  const router = useRouter();
  return (to, options) => {
    keepKeys(router);
    if (options?.replace) router.history.replace(hrefOf(to));
    else router.history.push(hrefOf(to));
  };
}
