import { useLayoutEffect, useState, type ComponentType } from "react";
import { giveKeys, holdKeys } from "../ui/heldKeys";
import { complain } from "../ui/toast";
import { hide } from "./overlays";

const loaders: (() => Promise<unknown>)[] = [];

/**
 * A dialog whose code comes after the page's own, with `fetchDialogs`. One that is opened before keeps what is typed
 * until it is there.
 */
export function lazyDialog<Props extends object>(
  load: () => Promise<{ default: ComponentType<Props> }>,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  const fetched = async (): Promise<ComponentType<Props>> => (loaded ??= (await load()).default);
  loaders.push(fetched);
  return function LazyDialog(props: Props) {
    const [Loaded, setLoaded] = useState<ComponentType<Props> | null>(() => loaded);
    useLayoutEffect(() => {
      if (Loaded) return;
      holdKeys();
      let isOpen = true;
      fetched().then(
        (component) => setLoaded(() => component),
        (error: unknown) => {
          if (isOpen) hide();
          giveKeys();
          complain(error);
        },
      );
      return () => {
        isOpen = false;
      };
    }, [Loaded]);
    return Loaded && <Loaded {...props} />;
  };
}

/** Fetch the code of all dialogs. */
export async function fetchDialogs(): Promise<void> {
  for (const load of loaders) await load().catch(() => undefined);
}
