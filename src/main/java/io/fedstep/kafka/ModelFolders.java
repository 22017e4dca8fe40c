package io.fedstep.kafka;

import io.fedstep.coordinator.NewModels;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Round;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.OpenRound;
import io.fedstep.store.StorageException;
import io.fedstep.store.VersionInfo;
import java.time.Instant;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The models' folders in the one that all processes share, as a leader makes and removes them. */
final class ModelFolders {
  private static final Logger LOG = LoggerFactory.getLogger(ModelFolders.class);

  private final Cluster cluster;
  private final DataFolder data;
  private final Replica replica;

  ModelFolders(Cluster cluster, Replica replica) {
    this.cluster = cluster;
    this.replica = replica;
    data = cluster.data();
  }

  /** Adopts models whose folders came from one machine. */
  void adopt(int partition, BiConsumer<AddedModel, ModelFolder> adopted) {
    for (String name : data.models()) {
      if (cluster.topics().partition(name) == partition && replica.known(name) == null) {
        try (ModelFolder folder = data.open(name, cluster.engine().keepVersions())) {
          AddedModel added = adopt(folder);
          if (added != null) {
            adopted.accept(added, folder);
          }
        } catch (StorageException | RefusedException e) {
          LOG.error(
              "model {} is in the shared folder and cannot be taken in: {}", name, e.getMessage());
        }
      }
    }
  }

  private @Nullable AddedModel adopt(ModelFolder folder) {
    ModelHead head = folder.head();
    Long deletedAt = replica.deletedAt(head.model(), head.incarnation());
    if (deletedAt != null && folder.newest().info().version() <= deletedAt) {
      LOG.warn(
          "model {} was deleted at version {}, and has its folder still or again; it is not taken"
              + " in",
          head.model(),
          deletedAt);
      return null;
    }
    NewModels.checkForSeveral(head.spec());
    Instant now = cluster.engine().clock().instant();
    VersionInfo newest = folder.newest().info();
    if (!folder.hasOpenRound()) { // a cluster keeps it in Kafka
      LOG.warn(
          "model {} has its versions in the shared folder, and Kafka knows nothing of it: it goes on"
              + " at version {} with an empty round; updates that were in it have to be sent again",
          head.model(),
          newest.version());
      var empty = new Round(newest.version(), newest.base(), now);
      return new AddedModel(head, placement(head), newest, empty);
    }
    OpenRound open = folder.openRound(version -> new Round(version.version(), version.base(), now));
    if (open.round().updates() > 0) {
      LOG.error(
          "model {} has {} updates in its open round, which only the machine it comes from can"
              + " complete; it is not taken in",
          head.model(),
          open.round().updates());
      return null;
    }
    return new AddedModel(head, placement(head), newest, open.round());
  }

  private Placement placement(ModelHead head) {
    return cluster.placement(head.model(), head.spec());
  }

  /** Makes a folder, unless a leader before has made it for this very model. */
  void make(ModelHead head) {
    ModelHead there = data.head(head.model());
    if (there != null && replica.deletedAt(head.model(), there.incarnation()) != null) {
      data.delete(head.model(), null);
      data.create(head);
    } else if (there == null) {
      data.create(head);
    } else if (!there.incarnation().equals(head.incarnation())) {
      throw Refusal.of(
              Problem.MODEL_EXISTS,
              "The shared folder has a model '%s' that was not taken in; a server's log says why."
                  .formatted(head.model()))
          .exception();
    }
  }

  /** Removes a model's folder, unless it is another one's by now. */
  void remove(String model, String incarnation) {
    ModelHead there = data.head(model);
    if (there != null && there.incarnation().equals(incarnation)) {
      data.delete(model, null);
    }
  }
}
