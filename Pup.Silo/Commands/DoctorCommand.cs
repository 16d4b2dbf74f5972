using System.CommandLine;
using System.Net;
using Pup.Client.Http;
using Pup.Client.Operations.Cluster;
using Pup.Silo.Commands.Operations;
using Pup.Silo.Doctor;
using Pup.Silo.Web;

namespace Pup.Silo.Commands;

/// <summary><c>pup doctor</c>: says in words what is wrong, and what to do about it. Over HTTP the silo that is asked examines.</summary>
internal static class DoctorCommand
{
    // One check after the other may wait for a lock, and the whole for an examination that somebody else asked for.
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    public static Command Create() => new Command("doctor", "Examines database and projections for a few seconds, and says what is wrong and what to do. Ends with 0 when there is nothing to act on, with 1 when there is.").Does(static async (_, operation, json, cancellationToken) =>
    {
        var report = operation.Configuration is { } configuration
            ? await Examination.RunAsync(configuration, operation.Services.GetRequiredService<IClusterAccess>(), TimeProvider.System, cancellationToken)
            : await AskAsync(operation.Http, cancellationToken);
        if (json)
            Answer.Json(report);
        else
            DoctorText.Write(report, Answer.Terminal);
        return report.Healthy ? ExitCodes.Done : ExitCodes.Failed;
    });

    private static async Task<DoctorReport> AskAsync(HttpProjectionClient http, CancellationToken cancellationToken)
    {
        try
        {
            return await http.AskAsync(DoctorRoute.Name, DoctorJson.Default.DoctorReport, _patience, cancellationToken);
        }
        catch (HttpRequestException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            throw new HttpRequestException("There is no doctor at that URL: only a silo that `pup run --http` started has one. Ask such a silo, or run `pup doctor` with DATABASE_URL.", e, e.StatusCode);
        }
    }
}
