import {
  Anchor,
  Button,
  createTheme,
  Menu,
  Modal,
  Notification,
  Tooltip,
  type CSSVariablesResolver,
  type MantineColorsTuple,
} from "@mantine/core";

const crib: MantineColorsTuple = [
  "#ecfaf7",
  "#d3f1eb",
  "#a9e2d7",
  "#7ad0c2",
  "#4bb9a9",
  "#2a9d8e",
  "#1b8276",
  "#146b62",
  "#11564f",
  "#0e4641",
];

const slate: MantineColorsTuple = [
  "#dbe2e8",
  "#b3bec9",
  "#96a3b0",
  "#66727f",
  "#3a444e",
  "#2b343c",
  "#212930",
  "#181e24",
  "#12171c",
  "#0c1013",
];

export const theme = createTheme({
  colors: { crib, dark: slate },
  primaryColor: "crib",
  primaryShade: 7,
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono Variable", ui-monospace, "SF Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: "620", sizes: { h1: { fontSize: "1.25rem", lineHeight: "1.4" } } },
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  components: {
    Anchor: Anchor.extend({ defaultProps: { underline: "always" } }),
    // The list itself scrolls, not a box around it: a list is reached with the arrow keys of its field.
    ...Object.fromEntries(
      ["Select", "Autocomplete"].map((name) => [
        name,
        { defaultProps: { withScrollArea: false }, styles: { options: { maxHeight: 230, overflowY: "auto" } } },
      ]),
    ),
    // Without a transition, for what is not there yet takes no keys.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false, transitionProps: { duration: 0 } } }),
    Button: Button.extend({ defaultProps: { size: "sm" } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 250, withArrow: true, multiline: true, maw: 320 } }),
    Notification: Notification.extend({ defaultProps: { closeButtonProps: { "aria-label": "Close" } } }),
    Modal: Modal.extend({
      defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.45 }, transitionProps: { duration: 120 } },
    }),
  },
});

/** Mantine's greys, darkened or lightened to where small text can be read by everyone (WCAG AA). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-text": "#1c252d",
    "--mantine-color-dimmed": "#57636f",
    "--mantine-color-placeholder": "#66727f",
    "--mantine-color-error": "#c0262d",
    "--mantine-color-anchor": "#11665d",
    "--mantine-color-default-border": "#cfd7dd",
  },
  dark: {
    "--mantine-color-body": "#181e24",
    "--mantine-color-text": "#dbe2e8",
    "--mantine-color-dimmed": "#a0acb8",
    "--mantine-color-placeholder": "#8e9ba8",
    "--mantine-color-error": "#ff8f8f",
    "--mantine-color-anchor": "#5cc7b7",
    "--mantine-color-default-border": "#39434d",
  },
});
