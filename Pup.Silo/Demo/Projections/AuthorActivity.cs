using Pup.Client.Events;
using Pup.Grains.Projections;
using Pup.Silo.Demo.Import;

namespace Pup.Silo.Demo.Projections;

/// <summary>One document an author. The document style: a pure function from a document and an event to the next document.</summary>
internal sealed class AuthorActivity : DocumentProjection<AuthorSummary>
{
    public override string Name => "author_activity";

    public override ProjectionScope Scope { get; } = new([SourceEvents.Context], [SourceEvents.AuthorAggregate]);

    protected override AuthorSummary Apply(AuthorSummary? document, PersistedEvent @event)
    {
        var commit = SourcePayload.Of(@event);
        document ??= new AuthorSummary { FirstCommitAt = commit.At };
        return document with
        {
            Commits = document.Commits + 1,
            Files = document.Files + commit.Files,
            LinesAdded = document.LinesAdded + commit.Added,
            LinesRemoved = document.LinesRemoved + commit.Removed,
            LastCommitAt = commit.At,
            LastCommit = commit.Commit,
        };
    }
}
