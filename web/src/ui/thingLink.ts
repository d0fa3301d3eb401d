import { createContext } from "react";
import type { HeldBy } from "../api/types";

/** The address in this page of a thing that somebody holds. Whoever knows the kinds provides it. */
export const ThingLink = createContext<(held: HeldBy) => string>((held) => held.url);
