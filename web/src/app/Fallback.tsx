import { Button } from "@mantine/core";
import { useRouter } from "@tanstack/react-router";
import { IconMap2, IconPlugConnectedX } from "@tabler/icons-react";
import { Empty } from "../parts/Empty";
import { Link } from "../parts/Link";

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
  const router = useRouter();
  return (
    <main style={{ display: "flex", minHeight: "60dvh" }}>
      <Empty
        Icon={IconPlugConnectedX}
        title="This page could not be shown"
        action={<Button onClick={() => void router.invalidate()}>Try again</Button>}
      >
        {error instanceof Error ? error.message : String(error)}
      </Empty>
    </main>
  );
}
