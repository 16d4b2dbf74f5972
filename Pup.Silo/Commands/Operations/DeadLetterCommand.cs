using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Pup.Client.Http;
using Pup.Client.Operations;
using Pup.Silo.Configuration;
using Pup.Silo.Doctor;

namespace Pup.Silo.Commands.Operations;

/// <summary><c>pup dead-letters</c>: events that could not be applied.</summary>
internal static class DeadLetterCommand
{
    public static Command Create() => new("dead-letters", "Events that could not be applied, and those that queue behind them.")
    {
        CreateList(),
        CreateShow(),
        CreateChange("retry", "Applies dead letters again, in order, with all that queues behind them.", null, static (client, name, filter, token) => client.RetryDeadLettersAsync(name, filter, token)),
        CreateChange("discard", "Drops dead letters: their events will never be applied.", "Their events will never be applied.", static (client, name, filter, token) => client.DiscardDeadLettersAsync(name, filter, token)),
    };

    private static Command CreateList()
    {
        var name = OperationCommand.Name();
        var selection = new DeadLetterOptions();
        var limit = new Option<int>("--limit") { Description = "At most so many, from 1 to 1,000. Default: 100.", DefaultValueFactory = static _ => 100 };
        var after = new Option<long?>("--after") { Description = "Those after this id: the next page." };
        var command = new Command("list", "Lists dead letters, oldest first.") { name, selection.Key, selection.Error, limit, after };
        return command.Does(async (parsed, operation, json, cancellationToken) =>
        {
            var projection = parsed.GetRequiredValue(name);
            var filter = selection.Read(parsed) with { Limit = parsed.GetValue(limit), After = parsed.GetValue(after) };
            if (filter.Limit is < 1 or > 1_000)
                throw new ConfigurationException($"--limit is {filter.Limit}, but must be from 1 to 1,000.");
            var letters = await operation.Projections.ListDeadLettersAsync(projection, filter, cancellationToken);
            if (json)
                Answer.Json(letters, HttpJson.Default.IReadOnlyListDeadLetterSummary);
            else
                Show(projection, letters, filter.Limit);
            return ExitCodes.Done;
        });
    }

    private static Command CreateShow()
    {
        var name = OperationCommand.Name();
        var id = new Argument<long>("ID") { Description = "Id of the dead letter." };
        return new Command("show", "Shows one dead letter with its error and its event's payload.") { name, id }.Does(async (parsed, operation, json, cancellationToken) =>
        {
            var projection = parsed.GetRequiredValue(name);
            var letter = await operation.Projections.FindDeadLetterAsync(projection, parsed.GetValue(id), cancellationToken);
            if (letter is null)
                return await TellMissingAsync(projection, parsed.GetValue(id));

            if (json)
                Answer.Json(letter, HttpJson.Default.DeadLetterDetails);
            else
                Show(letter);
            return ExitCodes.Done;
        });
    }

    private static Command CreateChange(
        string verb, string description, string? consequence, Func<IProjectionClient, string, DeadLetterFilter, CancellationToken, Task<long>> change)
    {
        var name = OperationCommand.Name();
        var id = new Argument<long?>("ID") { Description = "Only the one of this id.", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "All dead letters of the projection." };
        var selection = new DeadLetterOptions();
        var yes = OperationCommand.Yes();
        var command = new Command(verb, description) { name, id, all, selection.Key, selection.Error };
        if (consequence is not null)
            command.Add(yes);
        return command.Does(async (parsed, operation, json, cancellationToken) =>
        {
            var projection = parsed.GetRequiredValue(name);
            var filter = selection.Read(parsed) with { Id = parsed.GetValue(id) };
            if (filter == DeadLetterFilter.All != parsed.GetValue(all))
                throw new ConfigurationException("Say which dead letters are meant: an ID, --ordering-key, --error, or --all.");
            if (consequence is not null)
            {
                await operation.Projections.GetAsync(projection, cancellationToken);
                await Confirmation.DemandAsync(consequence, parsed.GetValue(yes), cancellationToken);
            }

            if (filter.Id is { } one && await operation.Projections.FindDeadLetterAsync(projection, one, cancellationToken) is null)
                return await TellMissingAsync(projection, one);
            var marking = change(operation.Projections, projection, filter, cancellationToken);
            await OperationCommand.AnswerAsync(marking);
            var count = await marking;
            return new Done(projection, $"dead-letters {verb}", count).Tell(
                json,
                count == 0 ? $"{projection} has no such dead letters."
                    : $"{Words.Count(count, "dead letter")} of {projection} {(count == 1 ? "was" : "were")} marked for {verb}; done in a moment. See `pup dead-letters list {projection}` for what fails again.");
        });
    }

    private static async Task<int> TellMissingAsync(string projection, long id)
    {
        await Console.Error.WriteLineAsync($"pup: There is no dead letter {id} of '{projection}'. Run `pup dead-letters list {projection}`.");
        return ExitCodes.NotFound;
    }

    private static void Show(string projection, IReadOnlyList<DeadLetterSummary> letters, int limit)
    {
        if (letters.Count == 0)
        {
            ReportText.Line($"{projection} has no such dead letters.");
            return;
        }

        var table = Answer.Table("id#", "key", "position#", "event", "status", "tries#", "error");
        foreach (var letter in letters)
        {
            table.Row(
                letter.Id.ToString(CultureInfo.InvariantCulture), letter.OrderingKey, letter.Position.ToString(CultureInfo.InvariantCulture), letter.EventType,
                letter.Requested is null ? letter.Status : $"{letter.Status}, {letter.Requested} asked", letter.Attempts.ToString(CultureInfo.InvariantCulture), letter.Error);
        }

        Answer.Terminal.Write(table);
        if (letters.Count == limit)
            ReportText.Line($"There may be more: --after {letters[^1].Id}.");
    }

    private static void Show(DeadLetterDetails letter)
    {
        ReportText.Line($"Dead letter {letter.Id}: {letter.Status}, {letter.Attempts} attempts, since {letter.CreatedAt:u}");
        ReportText.Line($"Key {letter.OrderingKey}, position {letter.Position}, {letter.EventType} {letter.EventId}");
        foreach (var line in (letter.FullError ?? letter.Error ?? "Never tried.").Split('\n'))
            ReportText.Line(line.TrimEnd('\r'));
        if (letter.Event is not { } found)
            ReportText.Line("Its event was deleted from the log.");
        else if (Utf8.IsValid(found.Payload.Span))
            ReportText.Line(Encoding.UTF8.GetString(found.Payload.Span));
        else
            ReportText.Line(Convert.ToHexStringLower(found.Payload.Span));
    }
}
