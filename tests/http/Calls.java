import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Java's own client, in both of its versions: the calls of fetch.mjs. Prints a status a line. */
public class Calls {
    public static void main(String[] given) throws Exception {
        for (HttpClient.Version version : HttpClient.Version.values()) {
            HttpClient client = HttpClient.newBuilder().version(version).build();
            String prefix = given[2] + "-" + version.name().replace("_", "");
            for (int number = 0; number < 2; number++) {
                say(client, post(given, "/transactions", "application/json", BodyPublishers.ofString(transaction(given, prefix, number)), false));
            }
            String lines = transaction(given, prefix, 2) + "\n" + transaction(given, prefix, 3) + "\n";
            say(client, post(given, "/transactions/bulk", "application/x-ndjson", BodyPublishers.ofString(lines), false));
            byte[] streamed = (transaction(given, prefix, 4) + "\n" + transaction(given, prefix, 5) + "\n").getBytes();
            BodyPublisher stream = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(streamed));
            say(client, post(given, "/transactions/bulk", "application/x-ndjson", stream, true));
            say(client, HttpRequest.newBuilder(URI.create(given[0] + "/healthz")).build());
        }
    }

    private static String transaction(String[] given, String prefix, int number) {
        return given[3].replace("ID", prefix + "-" + number);
    }

    private static HttpRequest post(String[] given, String path, String type, BodyPublisher body, boolean expects) {
        return HttpRequest.newBuilder(URI.create(given[0] + path))
            .timeout(Duration.ofSeconds(10))
            .header("Authorization", given[1])
            .header("Content-Type", type)
            .expectContinue(expects)
            .POST(body)
            .build();
    }

    private static void say(HttpClient client, HttpRequest request) throws Exception {
        var answer = client.send(request, BodyHandlers.ofString());
        System.out.println(answer.statusCode() + " " + !answer.body().isEmpty());
    }
}
