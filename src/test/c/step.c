/*
 * RMSProp as a C compiler makes it of the plain loop. Usage: step VALUES. Says "ready", then answers
 * each line: "step" with the seconds of one pass, "bits" with the sum of the results' bits.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void step(float *restrict gradient, float *restrict state, long size) {
  float beta = (float)0.9, rest = (float)(1 - 0.9), eps = (float)1e-7;
  for (long i = 0; i < size; i++) {
    float g = gradient[i];
    float s = beta * state[i] + rest * (g * g);
    state[i] = s;
    gradient[i] = g / (sqrtf(s) + eps);
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
  long size = atol(arguments[count - 1]);
  float *gradient = malloc(sizeof(float) * size), *state = malloc(sizeof(float) * size);
  for (long i = 0; i < size; i++) {
    gradient[i] = (float)(i % 1000 - 499) * 0x1p-10f;
    state[i] = 0;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  char line[16];
  while (fgets(line, sizeof line, stdin)) {
    if (strcmp(line, "step\n") == 0) {
      double started = now();
      step(gradient, state, size);
      printf("%.9f\n", now() - started);
    } else {
      int64_t sum = 0;
      for (long i = 0; i < size; i++) {
        int32_t bits[2];
        memcpy(&bits[0], &gradient[i], sizeof(float));
        memcpy(&bits[1], &state[i], sizeof(float));
        sum += (int64_t)bits[0] + bits[1];
      }
      printf("%lld\n", (long long)sum);
    }
  }
  return 0;
}
