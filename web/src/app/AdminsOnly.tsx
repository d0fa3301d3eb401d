import { Button } from "@mantine/core";
import { IconShieldLock } from "@tabler/icons-react";
import { Empty } from "../ui/Empty";
import { Link } from "../ui/Link";

export function AdminsOnly() {
  return (
    <div style={{ display: "flex", minHeight: "60dvh" }}>
      <Empty
        Icon={IconShieldLock}
        title="This page is for administrators"
        action={
          <Button component={Link} to="/">
            Go to the board
          </Button>
        }
      >
        Your account may not manage this server. An administrator can give you that right on the Users page.
      </Empty>
    </div>
  );
}
