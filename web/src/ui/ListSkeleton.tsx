import { Skeleton } from "@mantine/core";

const WIDTHS = [46, 62, 38, 55, 70, 42, 58, 49];

export function ListSkeleton() {
  return (
    <div role="status" aria-label="Loading" style={{ padding: "14px 16px", display: "grid", gap: 22 }}>
      {WIDTHS.map((width) => (
        <Skeleton key={width} height={12} width={`${width}%`} radius="sm" />
      ))}
    </div>
  );
}
