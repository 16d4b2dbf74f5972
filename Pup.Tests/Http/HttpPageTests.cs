using Pup.Client.Operations;
using Pup.Tests.Docs;

namespace Pup.Tests.Http;

public sealed class HttpPageTests
{
    [Fact]
    public async Task Every_curl_command_of_the_page_does_what_it_is_shown_for()
    {
        var client = new ScriptedClient { Report = ScriptedClient.Of("orders") with { Rebuild = new(1, 2, DateTimeOffset.UnixEpoch, null, true) } };
        await using var host = await HttpHost.StartAsync(client);
        var commands = MarkdownBlock.Of(Repository.Read("docs/http.md")).Where(block => block.Language == "sh").SelectMany(block => block.Text.Split('\n'))
            .Where(line => line.StartsWith("curl ", StringComparison.Ordinal)).ToArray();
        Assert.True(commands.Length > 15);
        foreach (var command in commands.Where(command => !command.Contains("/health/", StringComparison.Ordinal)))
        {
            using var request = CurlCommand.Parse(command, "any").ToRequest();
            using var answer = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, $"{command}: {answer.StatusCode}");
        }

        Assert.Equal(
            ["pause orders", "resume orders", "restart orders", "repartition orders 8", $"retry orders {new DeadLetterFilter { Error = "timeout" }}", $"discard orders {DeadLetterFilter.All}", "rebuild orders", "cancel orders"],
            client.Calls.Where(call => !call.StartsWith("get", StringComparison.Ordinal) && !call.StartsWith("list", StringComparison.Ordinal) && !call.StartsWith("letters", StringComparison.Ordinal)));
    }
}
