import {
  IconCube,
  IconFile,
  IconFileCode,
  IconFileMusic,
  IconFileSpreadsheet,
  IconFileText,
  IconFileTypePdf,
  IconFileZip,
  IconMovie,
  IconPhoto,
  IconPresentation,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { IconProps } from "../../ui/icon";
import classes from "./FileIcon.module.css";

type Look = [Icon: ComponentType<IconProps>, hue: string];

const BY_NAME: [RegExp, Look][] = [
  [/\.(step|stp|stl|iges|igs|sldprt|sldasm|dwg|dxf|fbx|obj|glb|gltf|blend|3mf|ipt|iam|catpart|f3d)$/i, [IconCube, "violet"]],
  [/\.(docx?|odt|rtf|pages)$/i, [IconFileText, "blue"]],
  [/\.(xlsx?|ods|csv|tsv|numbers)$/i, [IconFileSpreadsheet, "green"]],
  [/\.(pptx?|odp|key)$/i, [IconPresentation, "orange"]],
  [/\.(zip|tar|gz|tgz|bz2|xz|7z|rar|zst)$/i, [IconFileZip, "brown"]],
  [/\.(json|ya?ml|toml|xml|html?|css|[jt]sx?|py|c|cpp|h|rs|go|sh|sql)$/i, [IconFileCode, "slate"]],
];
const BY_TYPE: [RegExp, Look][] = [
  [/^image\//, [IconPhoto, "teal"]],
  [/^application\/pdf/, [IconFileTypePdf, "red"]],
  [/^video\//, [IconMovie, "violet"]],
  [/^audio\//, [IconFileMusic, "orange"]],
  [/^text\//, [IconFileText, "slate"]],
];

export function FileIcon({ name, mime, size = 18 }: { name: string; mime: string | null; size?: number }) {
  const found = [BY_NAME.find(([fits]) => fits.test(name)), BY_TYPE.find(([fits]) => fits.test(mime ?? ""))].find(Boolean);
  const [Icon, hue] = found?.[1] ?? [IconFile, "slate"];
  return (
    <span className={classes.icon} data-hue={hue} aria-hidden="true">
      <Icon size={size} stroke={1.6} />
    </span>
  );
}
