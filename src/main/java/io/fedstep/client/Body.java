package io.fedstep.client;

/** What a request carries. */
@SuppressWarnings("ArrayRecordComponent") // as large as a model: handed over, not compared
record Body(String type, byte[] bytes) {
  static final String OCTETS = "application/octet-stream";
  static final String SAFETENSORS = "application/x-safetensors";
}
