import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { projectsQuery } from "../api/queries";

/** Whether a project's name is registered, as far as this person may know; null until that was read. */
export function useRegistered(): (project: string) => boolean | null {
  const { data } = useQuery(projectsQuery);
  return useMemo(() => {
    const names = data && new Set(data.map((project) => project.name));
    return (project) => names?.has(project) ?? null;
  }, [data]);
}
