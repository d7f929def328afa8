/** The command line of QEMU: what the machine consists of. */

import { join } from "node:path";
import type { Places } from "./machine.ts";

/**
 * One machine has a text console and nothing that udev would care for; the other has what a person sits in
 * front of, and can go on from a saved state.
 */
export type Hardware = { readonly kind: "text" } | Display;

export interface Display {
  readonly kind: "display";
  /** The session manager that runs in it. */
  readonly manager: string;
  /** What the disk holds beyond the image. */
  readonly disk: string;
  /** The saved state to go on from. */
  readonly state?: string;
}

export function options(places: Places, hardware: Hardware): string[] {
  const socket = (name: string) => `socket,id=${name},path=${join(places.scratch, name)},server=on,wait=off`;
  const commandLine = ["console=ttyS0", "quiet", "loglevel=4", "panic=-1", "mitigations=off"];
  if (hardware.kind === "display") commandLine.push(`vm.display=${hardware.manager}`);
  // Emulation in software: it works everywhere, and what it costs is some seconds.
  return [
    ...["-machine", "pc,hpet=off", "-accel", "tcg,thread=multi", "-cpu", "Nehalem", "-smp", "2"],
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    ...["-kernel", join(places.image, "vmlinuz"), "-initrd", join(places.image, "initrd")],
    ...["-append", commandLine.join(" ")],
    ...disks(places, hardware),
    ...["-device", "virtio-serial-pci", "-chardev", socket("agent")],
    ...["-device", "virtserialport,chardev=agent,name=agent"],
    ...["-chardev", `file,id=serial,path=${join(places.scratch, "serial.log")}`, "-serial", "chardev:serial"],
    ...["-chardev", socket("monitor"), "-mon", "chardev=monitor,mode=control"],
    ...["-device", "virtio-rng-pci"],
    ...(hardware.kind === "display" ? display(hardware, socket("witness")) : ["-m", "1024", "-vga", "std"]),
  ];
}

function disks({ image, project }: Places, hardware: Hardware): string[] {
  const disk = (id: string, file: string, more: string) => [
    ...["-drive", `id=${id},file=${file},if=none,cache=unsafe,${more}`],
    ...["-device", `virtio-blk-pci,drive=${id}`],
  ];
  // What a saved machine finds on its disk must stay what it was when it was saved.
  const system =
    hardware.kind === "text"
      ? disk("system", join(image, "root.ext4"), "format=raw,snapshot=on")
      : disk("system", hardware.disk, `format=qcow2,snapshot=${hardware.state ? "on" : "off"}`);
  return [...system, ...disk("project", project, "format=raw,readonly=on")];
}

function display(hardware: Display, witness: string): string[] {
  return [
    ...["-m", "2048", "-vga", "none", "-device", "virtio-gpu-pci"],
    ...["-device", "qemu-xhci,id=usb", "-device", "usb-kbd,bus=usb.0", "-device", "usb-tablet,bus=usb.0"],
    ...["-audiodev", "none,id=sound", "-device", "intel-hda", "-device", "hda-duplex,audiodev=sound"],
    ...["-chardev", witness, "-device", "virtserialport,chardev=witness,name=witness"],
    ...(hardware.state === undefined ? [] : ["-incoming", `exec:cat <${hardware.state}`]),
  ];
}
