import { Button } from "@mantine/core";
import { IconMap2, IconPlugConnectedX } from "@tabler/icons-react";
import { Empty } from "../ui/Empty";
import { Link } from "../ui/Link";

export function NotFound() {
  return (
    <main style={{ display: "flex", minHeight: "60dvh" }}>
      <Empty
        Icon={IconMap2}
        title="There is no such page"
        action={
          <Button component={Link} to="/">
            Go to the board
          </Button>
        }
      >
        The address may be old, or mistyped. To find a file, type part of its path on the board.
      </Empty>
    </main>
  );
}

export function PageFailed({ error }: { error: unknown }) {
  return (
    <main style={{ display: "flex", minHeight: "60dvh" }}>
      <Empty
        Icon={IconPlugConnectedX}
        title="This page could not be shown"
        // From the start: after an upgrade of the server, parts of the page that is open may be gone.
        action={<Button onClick={() => location.reload()}>Try again</Button>}
      >
        {error instanceof Error ? error.message : String(error)}
      </Empty>
    </main>
  );
}
