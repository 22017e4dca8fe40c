package io.fedstep.local;

import io.fedstep.codec.CopySpec;
import io.fedstep.codec.NewSpec;
import io.fedstep.coordinator.Coordinator.Created;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.NewModels;
import io.fedstep.model.ModelSpec;
import io.fedstep.privacy.Ledger;
import io.fedstep.privacy.Standing;
import io.fedstep.store.CopiedFrom;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import org.jspecify.annotations.Nullable;

/** Makes models of versions of other models. */
final class ModelCopies {
  private final DataFolder data;
  private final NewModels newModels;
  private final LocalModels models;

  ModelCopies(DataFolder data, NewModels newModels, LocalModels models) {
    this.data = data;
    this.newModels = newModels;
    this.models = models;
  }

  /** Makes a model of a version of another one. */
  Created make(String model, CopySpec asked, ModelState source, Version from) {
    ModelHead before = source.folder().head();
    NewSpec spec = asked.on(before.spec(), before.metadata());
    newModels.check(spec.spec(), models.names().size());
    VersionInfo info = from.info();
    ModelHead head =
        newModels
            .head(model, spec)
            .with(new CopiedFrom(asked.model(), info.version(), info.base(), asked.request()));
    try {
      data.copy(head, from, carried(spec.spec(), source, from));
      return models.place(head, asked);
    } catch (StorageException e) { // of the version: its own model finds that by itself
      throw Failure.refusal(e).exception();
    } finally {
      data.drop(head);
    }
  }

  /** What was paid for by the newest version, for what was published cannot be taken back. */
  private static @Nullable Standing carried(ModelSpec spec, ModelState source, Version from) {
    if (!spec.isPrivate()) {
      return null;
    }
    return source.spec().isPrivate()
        ? new Standing(source.folder().newest().standing().ledger(), from.standing().clip())
        : new Standing(Ledger.begin(spec.isSampled()), null);
  }
}
