package io.fedstep.store;

import io.fedstep.codec.Json;
import io.fedstep.codec.Metadata;
import io.fedstep.codec.RecordCodec;
import io.fedstep.codec.SpecCodec;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.Invitation;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The document {@code model.json}: a model's spec, and what administrators have changed since.
 *
 * @param incarnation 8 hex digits, another for each model that was ever created
 * @param spec as it is now: round policy and hyper-parameters may have been replaced
 * @param stopped whether an administrator has stopped training
 * @param startedAt the newest version when training was last resumed by hand, or -1; of no account
 *     once the policy has other rounds
 * @param policies how many round policies have replaced another
 * @param secret hex digits of this model, which are never shown; noise and the choice of invited
 *     clients are derived from them
 * @param metadata that people keep beside it
 * @param tags of its versions
 * @param bareZeros whether its zeros are safetensors without metadata, as before 0.2
 * @param from what it was copied from, or null
 */
public record ModelHead(
    String model,
    String incarnation,
    Instant createdAt,
    ModelSpec spec,
    boolean stopped,
    long startedAt,
    long policies,
    String secret,
    Metadata metadata,
    Tags tags,
    boolean bareZeros,
    @Nullable CopiedFrom from) {
  private static final int FORMAT = 2;

  /** Of models whose zeros have no metadata as safetensors. */
  private static final int BARE = 1;

  private static final long NEVER = -1;

  /** Whether training rests at a version: by hand, or because the policy's rounds are over. */
  public boolean stoppedAt(long version) {
    Long rounds = spec.round().rounds();
    return stopped || (rounds != null && version >= rounds && startedAt < rounds);
  }

  /** Whether nothing happens before the first weights are set, given the newest version. */
  public boolean awaitsWeights(VersionInfo newest) {
    return spec.requiresWeights() && newest.madeBy() == VersionInfo.MadeBy.CREATED;
  }

  /** A head of a model whose policy is its first, without metadata and tags. */
  public ModelHead(
      String model,
      String incarnation,
      Instant createdAt,
      ModelSpec spec,
      boolean stopped,
      long startedAt,
      String secret) {
    this(
        model,
        incarnation,
        createdAt,
        spec,
        stopped,
        startedAt,
        0,
        secret,
        Metadata.NONE,
        Tags.NONE,
        false,
        null);
  }

  /** Whether a client is among a share of those that a round may invite. */
  public boolean invites(long round, String client, double share) {
    return Invitation.holds(model, round, client, secret, share);
  }

  /** This head with another spec; where its rounds are others, what was resumed ends there. */
  public ModelHead with(ModelSpec other) {
    boolean sameEnd = Objects.equals(spec.round().rounds(), other.round().rounds());
    long started = sameEnd ? startedAt : NEVER;
    long next = spec.round().equals(other.round()) ? policies : policies + 1;
    return with(other, stopped, started, next, metadata, tags);
  }

  /** This head with other metadata. */
  public ModelHead with(Metadata other) {
    return with(spec, stopped, startedAt, policies, other, tags);
  }

  /** This head with other tags. */
  public ModelHead with(Tags other) {
    return with(spec, stopped, startedAt, policies, metadata, other);
  }

  /** This head of a model that is created then. */
  public ModelHead createdAt(Instant time) {
    return new ModelHead(
        model,
        incarnation,
        time,
        spec,
        stopped,
        startedAt,
        policies,
        secret,
        metadata,
        tags,
        bareZeros,
        from);
  }

  /** This head of a model that was copied. */
  public ModelHead with(CopiedFrom other) {
    return new ModelHead(
        model,
        incarnation,
        createdAt,
        spec,
        stopped,
        startedAt,
        policies,
        secret,
        metadata,
        tags,
        bareZeros,
        other);
  }

  /** This head, stopped. */
  public ModelHead stop() {
    return with(spec, true, startedAt, policies, metadata, tags);
  }

  /** This head resumed at a version. */
  public ModelHead start(long version) {
    return with(spec, false, version, policies, metadata, tags);
  }

  private ModelHead with(
      ModelSpec asIs, boolean stops, long started, long replaced, Metadata beside, Tags named) {
    return new ModelHead(
        model,
        incarnation,
        createdAt,
        asIs,
        stops,
        started,
        replaced,
        secret,
        beside,
        named,
        bareZeros,
        from);
  }

  /** As a document. */
  public ObjectNode write() {
    ObjectNode json =
        Json.object()
            .put("format", bareZeros ? BARE : FORMAT)
            .put("model", model)
            .put("incarnation", incarnation)
            .put("created_at", RecordCodec.time(createdAt))
            .put("stopped", stopped)
            .put("started_at_version", startedAt)
            .put("policies", policies)
            .put("secret", secret);
    json.set("spec", SpecCodec.write(spec));
    if (!metadata.equals(Metadata.NONE)) {
      json.put("metadata", metadata.json());
    }
    if (!tags.equals(Tags.NONE)) {
      json.set("tags", tags.write());
    }
    if (from != null) {
      json.set("from", from.write());
    }
    return json;
  }

  static ModelHead read(Disk disk, Path file) {
    return Document.read(disk, file, json -> read(file, json));
  }

  private static ModelHead read(Path file, ObjectNode json) {
    if (json.path("format").asInt(0) != BARE) {
      Document.checkFormat(file, json, FORMAT);
    }
    return of(json);
  }

  /** The head of a document that {@link #write} gave. */
  public static ModelHead of(ObjectNode json) {
    return new ModelHead(
        Json.text(json.required("model")),
        Json.text(json.required("incarnation")),
        RecordCodec.time(json.required("created_at")),
        SpecCodec.read((ObjectNode) json.required("spec")),
        json.required("stopped").booleanValue(),
        json.required("started_at_version").longValue(),
        json.path("policies").asLong(0), // of before they were counted
        json.path("secret").asString(""), // of before there was one
        json.has("metadata") ? new Metadata(Json.text(json.required("metadata"))) : Metadata.NONE,
        json.has("tags") ? Tags.of(json.required("tags")) : Tags.NONE,
        json.required("format").intValue() == BARE,
        json.has("from") ? CopiedFrom.of(json.required("from")) : null);
  }
}
