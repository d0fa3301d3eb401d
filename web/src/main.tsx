import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@fontsource-variable/inter/index.css";
import "@fontsource-variable/jetbrains-mono/index.css";
import "./app/global.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { onWarning } from "./api/client";
import { queryClient } from "./api/queries";
import { router } from "./app/router";
import { cssVariables, theme } from "./app/theme";
import { kindOf } from "./things/registry";
import { ThingLink } from "./ui/thingLink";
import { warn } from "./ui/toast";

onWarning(warn);

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <Notifications position="bottom-right" limit={4} />
        <ThingLink value={(thing) => kindOf(thing.kind).link(thing)}>
          <RouterProvider router={router} />
        </ThingLink>
      </MantineProvider>
    </QueryClientProvider>
  </StrictMode>,
);
