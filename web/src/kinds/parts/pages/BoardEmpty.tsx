import { Button, Group } from "@mantine/core";
import { IconTool } from "@tabler/icons-react";
import { Empty } from "../../../ui/Empty";

interface Props {
  refused: string | null;
  onAdd: () => void;
  onImport: () => void;
}

/** A shop without a part. */
export function BoardEmpty({ refused, onAdd, onImport }: Props) {
  return (
    <div className="panel" style={{ margin: "14px 20px", flex: 1 }}>
      <Empty
        Icon={IconTool}
        title="No parts yet"
        action={
          refused === null && (
            <Group gap="xs" justify="center">
              <Button onClick={onAdd}>Add a part</Button>
              <Button variant="default" onClick={onImport}>
                Import a CSV file
              </Button>
            </Group>
          )
        }
      >
        A part is added, reviewed with its drawing and its 3D model, and then made: by CNC, by hand, or otherwise.
      </Empty>
    </div>
  );
}
