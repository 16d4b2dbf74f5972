using System.CommandLine;
using System.Net;
using Pup.Silo.Configuration;
using Pup.Silo.Web;

namespace Pup.Silo.Commands.Operations;

/// <summary><c>pup health</c>: asks a silo whether it is ready, for containers that have no curl.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var command = new Command("health", "Asks the silo on this machine, or at --url, whether it is ready. Ends with 0 when it is, else with 1.");
        var flags = new OperationFlags(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (ready, answer) = await AskAsync(new Uri(flags.Url(parsed) ?? Local(flags.Read(parsed).Http.Http), "/health/ready"), cancellationToken);
            if (flags.IsJson(parsed))
                Answer.Json(new Dictionary<string, string> { ["status"] = ready ? "healthy" : "unhealthy", ["answer"] = answer });
            else
                ReportText.Line(ready ? "healthy" : $"unhealthy: {answer}");
            return ready ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    // Where it listens everywhere, it can be asked on loopback.
    private static Uri Local(string listening)
    {
        if (listening.Length == 0)
            throw new ConfigurationException("There is no silo to ask: say --url, or --http (Pup__Http) as for `pup run`.");
        var address = HttpAddress.Parse(listening);
        if (address.Address.Equals(IPAddress.Any))
            address.Address = IPAddress.Loopback;
        else if (address.Address.Equals(IPAddress.IPv6Any))
            address.Address = IPAddress.IPv6Loopback;
        return new Uri($"http://{address}");
    }

    private static async Task<(bool Ready, string Answer)> AskAsync(Uri url, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { Timeout = _patience };
        try
        {
            using var answer = await client.GetAsync(url, cancellationToken);
            return (answer.IsSuccessStatusCode, (await answer.Content.ReadAsStringAsync(cancellationToken)).ReplaceLineEndings(" "));
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (false, $"{url.GetLeftPart(UriPartial.Authority)} does not answer: {e.Message}");
        }
    }
}
