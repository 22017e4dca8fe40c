package io.fedstep.client;

import io.fedstep.client.Layout.Tensor;
import io.fedstep.thin.EdenBlock;
import io.fedstep.thin.Int8Block;
import io.fedstep.thin.RandomSigns;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** An update as a safetensors file in which each tensor is scales and codes. */
final class EncodedUpdate {
  /** Tensors of fewer values are sent as they are: their entries would take what is saved. */
  private static final int SMALL = 64;

  private final Layout layout;
  private final Encoding encoding;
  private final RandomGenerator dice;
  private final long seed;
  private final double[] block = new double[EdenBlock.SIZE];

  /**
   * An encoder of one update.
   *
   * @param dice thrown anew for every update, or errors of clients add up
   */
  EncodedUpdate(Layout layout, Encoding encoding, RandomGenerator dice) {
    this.layout = layout;
    this.encoding = encoding;
    this.dice = dice;
    seed = dice.nextLong();
  }

  /** The file with some tensors of a flat vector. */
  Body of(byte[] vector, List<Tensor> tensors) {
    ByteBuffer values = ByteBuffer.wrap(vector).order(ByteOrder.LITTLE_ENDIAN);
    var file = new Tensors(metadata());
    for (Tensor tensor : tensors) {
      ByteBuffer its = values.position(tensor.offset() * layout.dtype().width());
      if (tensor.size() < SMALL) {
        file.add(tensor, its, layout.dtype());
      } else {
        encode(file, tensor, its);
      }
    }
    return file.body();
  }

  private Map<String, String> metadata() {
    return encoding == Encoding.INT8
        ? Map.of(
            "fedstep.encoding", encoding.label(), "fedstep.block", Integer.toString(Int8Block.SIZE))
        : Map.of(
            "fedstep.encoding", "eden",
            "fedstep.bits", Integer.toString(encoding.bits()),
            "fedstep.seed", Long.toUnsignedString(seed));
  }

  private void encode(Tensors file, Tensor tensor, ByteBuffer values) {
    boolean isInt8 = encoding == Encoding.INT8;
    int size = isInt8 ? Int8Block.SIZE : EdenBlock.SIZE;
    int blocks = Math.ceilDiv(tensor.size(), size);
    ByteBuffer scales = Tensors.room(blocks * Float.BYTES);
    byte[] codes = new byte[isInt8 ? tensor.size() : edenBytes(tensor.size())];
    var signs = new RandomSigns(seed, tensor.number());
    for (int number = 0; number < blocks; number++) {
      int first = number * size;
      int count = Math.min(size, tensor.size() - first);
      for (int i = 0; i < count; i++) {
        block[i] = layout.dtype().next(values);
      }
      scales.putFloat(
          isInt8
              ? Int8Block.encode(block, count, dice, codes, first)
              : rotated(first, count, signs, codes));
    }
    file.add(tensor.name() + ":scale", "F32", List.of((long) blocks), scales.flip());
    if (isInt8) {
      file.add(tensor.name() + ":codes", "I8", tensor.shape(), ByteBuffer.wrap(codes));
    } else {
      file.add(
          tensor.name() + ":codes", "U8", List.of((long) codes.length), ByteBuffer.wrap(codes));
    }
  }

  private int edenBytes(int count) {
    int rest = count % EdenBlock.SIZE;
    int values = count - rest + (rest == 0 ? 0 : EdenBlock.padded(rest));
    return values / Byte.SIZE * encoding.bits();
  }

  private float rotated(int first, int count, RandomSigns signs, byte[] codes) {
    int length = EdenBlock.padded(count);
    long word = 0;
    for (int i = 0; i < count; i++) {
      word = i % Long.SIZE == 0 ? signs.word((first + i) / Long.SIZE) : word >>> 1;
      block[i] = RandomSigns.apply(word, block[i]);
    }
    Arrays.fill(block, count, length, 0);
    return EdenBlock.encode(
        block, length, encoding.bits(), codes, first / Byte.SIZE * encoding.bits());
  }
}
