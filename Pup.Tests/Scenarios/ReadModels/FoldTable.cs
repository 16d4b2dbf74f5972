using Pup.Grains.Projections;

namespace Pup.Tests.Scenarios.ReadModels;

/// <summary>The table <c>folds</c>, which the projections that write SQL share.</summary>
internal static class FoldTable
{
    public static void Create(ProjectionTransaction transaction) => transaction.Execute(
        """
        create table if not exists folds (
            projection text not null, aggregate_id text not null, count bigint not null, hash bigint not null,
            primary key (projection, aggregate_id))
        """);
}
