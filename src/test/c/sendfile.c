/*
 * The limit of any download: answers every request with the whole of one file, by sendfile, a thread
 * for each connection. Usage: sendfile FILE. Says "port" and the port that it listens on.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int file;
static long size;

/* Reads up to the end of a request's head; 0 where the client has gone. */
static int request(int connection) {
  char head[4096];
  size_t length = 0;
  while (length < sizeof head - 1) {
    ssize_t more = read(connection, head + length, sizeof head - 1 - length);
    if (more <= 0) return 0;
    length += more;
    head[length] = 0;
    if (strstr(head, "\r\n\r\n")) return 1;
  }
  return 0;
}

static void *serve(void *argument) {
  int connection = (int)(long)argument;
  char head[128];
  int length = snprintf(head, sizeof head, "HTTP/1.1 200 \r\nContent-Length: %ld\r\n\r\n", size);
  while (request(connection) && send(connection, head, length, MSG_MORE) == length) {
    off_t at = 0;
    while (at < size && sendfile(connection, file, &at, size - at) > 0) {
    }
  }
  close(connection);
  return NULL;
}

int main(int count, char **arguments) {
  struct stat status;
  file = open(arguments[count - 1], O_RDONLY);
  if (file < 0 || fstat(file, &status) != 0) return 1;
  size = status.st_size;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int server = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr *)&address, length) != 0 || listen(server, 64) != 0) return 1;
  getsockname(server, (struct sockaddr *)&address, &length);
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    pthread_t thread;
    long connection = accept(server, NULL, NULL);
    if (connection < 0 || pthread_create(&thread, NULL, serve, (void *)connection) != 0) return 1;
    pthread_detach(thread);
  }
}
