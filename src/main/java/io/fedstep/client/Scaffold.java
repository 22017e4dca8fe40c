package io.fedstep.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A client's part in SCAFFOLD (S. P. Karimireddy et al., ICML 2020): its controls of one model, the
 * last that the server counted and the one that came of the last update. One that is lost has the
 * controls of all clients begin anew.
 */
public final class Scaffold {
  /** Where controls outlive the process. */
  @FunctionalInterface
  public interface Saving {
    /** Puts them there, whole or not at all, in the place of those before. */
    void save(byte[] controls) throws IOException;
  }

  private static final double LEAST_RATE = 1e-12;
  private static final double LARGEST_RATE = 1e12;
  private static final String VERSION_NOT_FOUND = "version-not-found";

  private final Saving saving;
  private ControlsFile.@Nullable Owner owner;
  private Map<Long, byte[]> kept = Map.of();

  private Scaffold(Saving saving) {
    this.saving = saving;
  }

  /** Controls that die with the process. */
  public static Scaffold inMemory() {
    return new Scaffold(_ -> {});
  }

  /** Controls that are saved before each update is sent, of which there are none yet. */
  public static Scaffold savedBy(Saving saving) {
    return new Scaffold(saving);
  }

  /**
   * Controls as they were saved, by this client or Python's.
   *
   * @throws IOException if they are none
   */
  public static Scaffold savedBy(Saving saving, byte[] controls) throws IOException {
    var scaffold = new Scaffold(saving);
    ControlsFile file = ControlsFile.read(controls);
    scaffold.owner = file.owner();
    scaffold.kept = file.controls();
    return scaffold;
  }

  /**
   * A step for {@link RemoteModel#train}, which fetches the control before {@code train} goes on.
   *
   * @throws IllegalArgumentException if the controls are of another model or client
   */
  public synchronized LocalStep step(RemoteModel model, String client, CorrectedStep train) {
    var asked = new ControlsFile.Owner(model.name(), client);
    if (owner != null && !owner.equals(asked)) {
      throw new IllegalArgumentException(
          "the controls are of %s, not of %s".formatted(owner, asked));
    }
    owner = asked;
    return weights -> run(model, client, train, weights);
  }

  private @Nullable Update run(
      RemoteModel model, String client, CorrectedStep train, Weights weights)
      throws IOException, InterruptedException {
    long round = weights.version();
    if (own(round) != null && model.hasUpdate(client, round)) {
      return null; // in an earlier life: another update would have another control
    }
    Control control;
    try {
      control = model.control(client, round);
    } catch (RefusedByServer e) {
      if (e.code().equals(VERSION_NOT_FOUND)) {
        return null; // the round is long over
      }
      throw e;
    }
    Layout layout = model.layout(weights.tag());
    Long counted = control.round();
    byte[] own = counted == null ? null : own(counted);
    String said = counted == null ? "none" : Long.toString(counted);
    if (counted != null && (own == null || own.length != control.bytes().length)) {
      own = null;
      counted = null;
      said = "lost";
    }
    byte[] before = own == null ? new byte[control.bytes().length] : own;
    Update update = train.run(weights, Correction.of(layout, control.bytes(), before));
    if (update == null) {
      return null;
    }
    if (update.corrected() == null) {
      throw new IllegalArgumentException(
          "the update has no local rate, from which controls follow");
    }
    double rate = update.corrected().localRate();
    var next = new Next(layout, round, counted, control.bytes(), before, rate);
    return update.corrected(new Corrected(rate, said, next));
  }

  private synchronized byte @Nullable [] own(long round) {
    return kept.get(round);
  }

  private synchronized void keep(Layout layout, Map<Long, byte[]> controls) throws IOException {
    if (owner != null) {
      saving.save(new ControlsFile(owner, controls).write(layout));
    }
    kept = controls;
  }

  /** Works out a client's next control from an update: {@code own + (1/H u - control)}. */
  private final class Next implements Keeper {
    private final Layout layout;
    private final long round;
    private final @Nullable Long counted;
    private final byte[] control;
    private final byte[] own;
    private final double rate;

    Next(
        Layout layout,
        long round,
        @Nullable Long counted,
        byte[] control,
        byte[] own,
        double rate) {
      this.layout = layout;
      this.round = round;
      this.counted = counted;
      this.control = control;
      this.own = own;
      this.rate = rate;
    }

    @Override
    public void keep(byte[] received) throws IOException {
      if (!(rate >= LEAST_RATE && rate <= LARGEST_RATE)) {
        drop(); // the server refuses it
        return;
      }
      var controls = new TreeMap<Long, byte[]>();
      byte[] before = counted == null ? null : own(counted);
      if (before != null) {
        controls.put(counted, before);
      }
      controls.put(round, after(received));
      Scaffold.this.keep(layout, controls);
    }

    private byte[] after(byte[] received) {
      Download dtype = layout.dtype();
      ByteBuffer mean = little(control);
      ByteBuffer its = little(own);
      byte[] next = new byte[control.length];
      ByteBuffer after = little(next);
      double factor = 1 / rate; // as the server has it
      for (Layout.Tensor tensor : layout.stepped()) {
        ByteBuffer moved = little(received).position(tensor.offset() * dtype.width());
        for (int i = 0; i < tensor.size(); i++) {
          double change = factor * dtype.next(moved) - dtype.next(mean);
          dtype.put(dtype.next(its) + change, after);
        }
      }
      return next;
    }

    @Override
    public void drop() throws IOException {
      var rest = new TreeMap<>(kept());
      if (rest.remove(round) != null) {
        Scaffold.this.keep(layout, rest);
      }
    }
  }

  private synchronized Map<Long, byte[]> kept() {
    return kept;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
