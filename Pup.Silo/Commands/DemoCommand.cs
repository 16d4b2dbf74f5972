using System.CommandLine;
using Pup.Silo.Demo;

namespace Pup.Silo.Commands;

/// <summary><c>pup demo</c>: projects the history of a git repository, on a private server unless DATABASE_URL names one.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var command = new Command("demo", "Imports the history of a git repository into the event log, projects it, and shows what came out. "
            + "Works in the database that DATABASE_URL names, or on a private PostgreSQL server in .pup/ of the checkout (PUP_HOME: of another directory), "
            + "whose programs are looked for in PUP_POSTGRES_BIN, PATH and the usual places, else installed with apt-get (as root), else downloaded (PUP_POSTGRES_DOWNLOADS: a prepared folder).");
        var repository = new Option<string>("--repository") { Description = "Repository to import. Default: this checkout." };
        var ndjson = new Option<string>("--ndjson") { Description = "Import a file of changes instead, one JSON object a line, plain or gzip." };
        var once = new Option<bool>("--once") { Description = "Stop when caught up, and print one line of JSON: events in the log, file_events and live_paths read back from the read models, events projected, lag, and the seconds and events per second of projecting in this run." };
        var fresh = new Option<bool>("--fresh") { Description = "Drop the demo's database on the private server first." };
        foreach (var option in new Option[] { repository, ndjson, once, fresh })
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(repository) is not null && result.GetResult(ndjson) is not null)
                result.AddError("--repository and --ndjson exclude each other.");
        });
        var flags = new ConfigurationFlags(command);
        command.SetAction((parsed, cancellationToken) => new DemoRun(
            flags.Read(parsed),
            new DemoSource(parsed.GetValue(repository), parsed.GetValue(ndjson)),
            parsed.GetValue(once),
            parsed.GetValue(fresh)).RunAsync(cancellationToken));
        return command;
    }
}
