import { queryOptions } from "@tanstack/react-query";
import { basePath } from "../../../api/base";
import { api, query } from "../../../api/client";
import { queryClient } from "../../../api/queries";
import type { components } from "../../../api/schema";
import type { Part } from "../types";

type Schemas = components["schemas"];

export type Connection = Schemas["ShopOnshape"];
type Fetched = Schemas["DrawingFetched"];

export const onshapeQuery = (project: string) =>
  queryOptions({
    queryKey: ["parts", "onshape", project],
    queryFn: ({ signal }) => api<Connection>(`shop/onshape${query({ project })}`, { signal }),
    staleTime: 60_000,
    refetchOnWindowFocus: true,
  });

const reread = (): Promise<void> => queryClient.invalidateQueries({ queryKey: ["parts", "onshape"] });

/** Leave for Onshape, to come back to where one is now. */
export async function connect(): Promise<void> {
  const page = `/${location.pathname.slice(basePath().length)}${location.search}`;
  const { authorization_url } = await api<Schemas["AuthorizationUrl"]>("shop/onshape/connect", {
    method: "POST",
    json: { return_to: page },
  });
  location.assign(authorization_url);
}

export async function disconnect(): Promise<void> {
  await api("shop/onshape/disconnect", { method: "POST", json: {} });
  await reread();
}

/** Takes as long as Onshape does. */
export async function fetchDrawing(part: Pick<Part, "id">): Promise<Fetched> {
  try {
    const fetched = await api<Fetched>(`shop/parts/${part.id}/drawing`, { method: "POST", json: {} });
    await queryClient.invalidateQueries({ queryKey: ["parts", "part", part.id] });
    return fetched;
  } finally {
    void reread(); // Onshape may have ended the connection
  }
}
