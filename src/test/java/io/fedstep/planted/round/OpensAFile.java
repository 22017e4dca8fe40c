package io.fedstep.planted.round;

import java.io.FileInputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Knows files in four ways outside the store. */
public class OpensAFile {
  FileInputStream stream;
  FileChannel channel;
  Path path = Path.of("x");
  boolean there = Files.exists(path);
}
